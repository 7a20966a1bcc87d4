import { groupsBy } from '../plan/groups';
import { argumentKey } from '../plan/kernel-arguments';
import { hostRule } from './rule';

export const bootConsoleOrder = hostRule({
  id: 'boot/console-order',
  severity: 'warning',
  statement: 'All consoles of a host are asked for by one construct.',
  reason:
    'The last console= on the command line becomes /dev/console, where init and its emergency shell write (Documentation/admin-guide/serial-console.rst). Which one is last is then said by the order in which constructs are made, and a line that is moved in the stack moves the console and reboots the host.',
  check(host) {
    const consoles = host.bootParameters.flatMap(({ path, arguments: texts }) =>
      texts.filter((text) => argumentKey(text) === 'console').map((text) => ({ path, text })),
    );
    const last = consoles.at(-1);
    const [first, ...others] = [...groupsBy(consoles, ({ path }) => path)];
    if (!first || !last) return [];
    return others.map(([path, own]) => ({
      path,
      what: [
        `asks for ${quoted(own)}, and ${first[0]} for ${quoted(first[1])}: /dev/console is '${last.text}', because ${last.path} was made last`,
      ],
      remedy: `say all of them in one BootParameters, the one that is to be /dev/console last`,
    }));
  },
});

function quoted(consoles: readonly { readonly text: string }[]): string {
  return consoles.map(({ text }) => `'${text}'`).join(' and ');
}
