import { parseBoots, parseCloudInit } from './machine';

test('boots are counted in the journal list, with and without a heading', () => {
  const id = '0a1b2c3d4e5f60718293a4b5c6d7e8f9';
  const lines = [
    '1c2d3e4f-0000-4000-8000-000000000001',
    'IDX BOOT ID                          FIRST ENTRY                 LAST ENTRY',
    ` -1 ${id} Sat 2026-11-21 08:00:00 UTC Sat 2026-11-21 08:01:00 UTC`,
    `  0 ${id} Sat 2026-11-21 08:02:00 UTC Sat 2026-11-21 08:03:00 UTC`,
    '',
  ];
  expect(parseBoots(lines.join('\n'))).toEqual({ bootId: '1c2d3e4f-0000-4000-8000-000000000001', count: 2 });
});

test("cloud-init's answer is read, the dots before it are not", () => {
  expect(
    parseCloudInit('....\n{"status": "done", "errors": [], "recoverable_errors": {"WARNING": ["x"]}}'),
  ).toEqual({
    status: 'done',
    errors: [],
    recoverableErrors: { WARNING: ['x'] },
  });
  expect(parseCloudInit('')).toBeNull();
});
