import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { knownHostsLine, quoteForShell, sshConfiguration } from './ssh';

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
  const folder = mkdtempSync(join(tmpdir(), '100% mine '));
  try {
    const file = join(folder, 'ssh_config');
    const target = {
      host: '127.0.0.1',
      port: 20022,
      user: 'operator',
      identityFile: join(folder, 'id_ed25519'),
      knownHostsFile: join(folder, 'known_hosts'),
    };
    writeFileSync(file, sshConfiguration({ east: target, west: { ...target, port: 20023 } }));
    // ssh itself shows what it makes of the file.
    const read = (name: string): readonly string[] =>
      execFileSync('ssh', ['-G', '-F', file, name]).toString().split('\n');
    expect(read('east')).toEqual(
      expect.arrayContaining([
        'stricthostkeychecking true',
        `userknownhostsfile ${target.knownHostsFile}`,
        'globalknownhostsfile /dev/null',
        'identitiesonly yes',
        'user operator',
        'port 20022',
        'hostname 127.0.0.1',
      ]),
    );
    expect(read('west')).toContain('port 20023');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('known_hosts names the forwarded port', () => {
  expect(knownHostsLine(20022, 'ssh-ed25519 AAAA east\n')).toBe('[127.0.0.1]:20022 ssh-ed25519 AAAA\n');
});
