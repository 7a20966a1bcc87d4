#!/usr/bin/env node
import { ProfileError } from '../hardware/profile-error';
import { packageFacts } from '../artifacts/package-facts';
import { inspect } from './inspect';
import { CommandError, say, type Streams } from './streams';

const HELP = `Usage: cdktf-dataplane COMMAND [ARGUMENT]...

Commands:
  inspect   prints the hardware profile of a host, over SSH and with nothing installed on it

  cdktf-dataplane COMMAND --help   what a command takes
  cdktf-dataplane --version
`;

type Command = (args: readonly string[], streams: Streams) => Promise<number>;
const COMMANDS = new Map<string, Command>([['inspect', inspect]]);

/** Exit code of a command line. */
export async function main(args: readonly string[], streams: Streams): Promise<number> {
  const [name, ...rest] = args;
  try {
    if (name === '--help' || name === '-h' || name === 'help') {
      streams.out(HELP);
      return 0;
    }
    if (name === '--version') {
      streams.out(`${packageFacts().version}\n`);
      return 0;
    }
    const command = COMMANDS.get(name ?? '');
    if (!command) {
      const what = name === undefined ? 'no command is given' : `there is no command '${name}'`;
      throw new CommandError(`${what}; see cdktf-dataplane --help`, 2);
    }
    return await command(rest, streams);
  } catch (error) {
    if (error instanceof CommandError) {
      say(streams, 'error', error.message);
      return error.exitCode;
    }
    if (error instanceof ProfileError) {
      for (const line of error.message.split('\n')) say(streams, 'error', line);
      return 1;
    }
    throw error;
  }
}

if (require.main === module) {
  // Who reads may have enough, as `head` does.
  process.stdout.on('error', () => undefined);
  const streams: Streams = {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
  };
  void main(process.argv.slice(2), streams).then((code) => (process.exitCode = code));
}
