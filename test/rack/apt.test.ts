import { chooseMirrors, sourceStanza } from './apt';

const target = (...fields: readonly string[]): string => fields.join('|');

test("Debian's mirrors are taken from apt, other people's repositories for the release are not", () => {
  const targets = [
    target('https://other.example/debian/', 'bookworm', 'bookworm', 'main', 'Other', 'Other'),
    target('http://mirror.example/debian/', 'bookworm', 'bookworm', 'main', 'Debian', 'Debian'),
    target('http://mirror.example/debian/', 'bookworm', 'bookworm', 'contrib', 'Debian', 'Debian'),
    target(
      'http://mirror.example/security/',
      'bookworm-security',
      'bookworm-security',
      'main',
      'Debian',
      'Debian-Security',
    ),
  ].join('\n');
  expect(chooseMirrors(`${targets}\n`, 'bookworm')).toEqual({
    archive: 'http://mirror.example/debian',
    security: 'http://mirror.example/security',
    release: 'bookworm',
  });
});

test('before the first apt-get update only the suites are known, and they will do', () => {
  const targets = target(
    'http://mirror.example/debian/',
    'trixie',
    '$(CODENAME)',
    'main',
    '$(ORIGIN)',
    '$(LABEL)',
  );
  expect(chooseMirrors(targets, 'trixie')).toEqual({
    archive: 'http://mirror.example/debian',
    security: null,
    release: 'trixie',
  });
});

test('a machine without a Debian source is told what to do', () => {
  expect(() => chooseMirrors('', 'trixie')).toThrow('apt has no source for Debian trixie main; add one');
});

test('a source is a deb822 stanza', () => {
  expect(sourceStanza('http://mirror.example/debian', ['trixie', 'trixie-updates'])).toMatch(
    /^Types: deb\nURIs: http:\/\/mirror\.example\/debian\nSuites: trixie trixie-updates\nComponents: main\n/,
  );
});
