import { check, processArguments, processStartTime, RackError, run } from './process';

test('a program gets its arguments as they are, and its exit code is handed back', async () => {
  const result = await run(
    'sh',
    ['-c', 'printf "%s|" "$@"; cat; echo oops >&2; exit 3', 'sh', 'a b', '$HOME'],
    {
      input: 'in',
    },
  );
  expect(result).toEqual({ stdout: 'a b|$HOME|in', stderr: 'oops\n', exitCode: 3 });
});

test('a failed program is an error that shows what it said', async () => {
  await expect(check('sh', ['-c', 'echo the disk is full >&2; exit 1'])).rejects.toThrow(
    /exit code 1\nthe disk is full/,
  );
});

test('a missing program and one that takes too long', async () => {
  await expect(run('no-such-program', [])).rejects.toThrow(RackError);
  await expect(run('sleep', ['60'], { timeoutMilliseconds: 50 })).resolves.toMatchObject({ exitCode: 137 });
});

test('processes are told apart by when they began', () => {
  expect(processStartTime(process.pid)).toBeGreaterThan(0);
  expect(processStartTime(2 ** 22 + 1)).toBeNull();
  expect(processArguments(process.pid)[0]).toContain('node');
});
