import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { knownHostsLine, quoteForShell, sshArguments } from './ssh';

test('a shell reads quoted words as they were, whatever they hold', () => {
  const word = fc.oneof(fc.string(), fc.string({ unit: 'binary' })).map((text) => text.replaceAll('\0', ''));
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
      const script = `printf '%s\\0' ${quoteForShell(words)}`;
      const read = execFileSync('sh', ['-c', script]).toString('utf8').split('\0').slice(0, -1);
      expect(read).toEqual(words.map((each) => Buffer.from(each).toString('utf8')));
    }),
    { numRuns: 60 },
  );
});

test('plain words stay readable', () => {
  expect(quoteForShell(['cat', '/proc/cmdline', 'a b', "it's", ''])).toBe(
    `cat /proc/cmdline 'a b' 'it'\\''s' ''`,
  );
});

test("a machine's host key is checked, and nothing but the run's own files is read", () => {
  const words = sshArguments({
    host: '127.0.0.1',
    port: 20022,
    user: 'operator',
    identityFile: '/etc/hostname',
    knownHostsFile: '/run/known_hosts',
  });
  // ssh itself shows what it makes of its arguments.
  const configuration = execFileSync('ssh', ['-G', ...words])
    .toString()
    .split('\n');
  expect(configuration).toEqual(
    expect.arrayContaining([
      'stricthostkeychecking true',
      'userknownhostsfile /run/known_hosts',
      'globalknownhostsfile /dev/null',
      'identityfile /etc/hostname',
      'identitiesonly yes',
      'user operator',
      'port 20022',
      'hostname 127.0.0.1',
    ]),
  );
});

test('known_hosts names the forwarded port', () => {
  expect(knownHostsLine(20022, 'ssh-ed25519 AAAA east\n')).toBe('[127.0.0.1]:20022 ssh-ed25519 AAAA\n');
});
