import { clock, Progress } from './progress';

class Output {
  text = '';
  constructor(
    readonly isTTY: boolean,
    readonly columns = 60,
  ) {}
  write(text: string): void {
    this.text += text;
  }
}

describe('Progress', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  const wait = (milliseconds: number): Promise<void> => jest.advanceTimersByTimeAsync(milliseconds);
  const sleep = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => setTimeout(resolve, milliseconds));

  it('says every 15 seconds what is still running where there is no terminal', async () => {
    const output = new Output(false);
    const progress = new Progress({ output });
    const step = progress.step('Boot east', async (own) => {
      own.update('waiting for SSH');
      await sleep(40_000);
      return 7;
    });
    await wait(40_000);
    await expect(step).resolves.toBe(7);
    expect(output.text.split('\n')).toEqual([
      '  ...   Boot east',
      '  ...   Boot east  0:30  waiting for SSH',
      '  done  Boot east  40.0 s',
      '',
    ]);
    expect(progress.finished).toEqual([{ title: 'Boot east', seconds: 40, outcome: 'done' }]);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('redraws one line for all running steps on a terminal, no longer than the terminal is wide', async () => {
    const output = new Output(true, 40);
    const progress = new Progress({ output });
    const steps = Promise.all([
      progress.step('Boot east', () => sleep(2_500)),
      progress.step('Boot west', () => sleep(4_500)),
    ]);
    await wait(4_500);
    await steps;
    const lines = output.text.split('\r\x1b[K');
    expect(lines).toContain('  ...   Boot east  0:02 | Boot west  0:');
    expect(lines).toContain('  ...   Boot west  0:04');
    expect(output.text.match(/ {2}done.*\n/g)).toEqual([
      '  done  Boot east  2.5 s\n',
      '  done  Boot west  4.5 s\n',
    ]);
    for (const line of lines) expect(line.split('\n').at(-1)?.length).toBeLessThan(40);
  });

  it('shows a failed step and passes its error on', async () => {
    const output = new Output(false);
    const progress = new Progress({ output });
    const failure = new Error('no answer');
    const step = progress.step('Boot east', async (own) => {
      own.update('boot 1');
      await sleep(3_000);
      throw failure;
    });
    const outcome = expect(step).rejects.toBe(failure);
    await wait(3_000);
    await outcome;
    expect(output.text).toContain('  FAIL  Boot east  after 3.0 s (boot 1)\n');
    expect(progress.finished).toEqual([{ title: 'Boot east', seconds: 3, outcome: 'failed' }]);
  });
});

test.each([
  [0, '0:00'],
  [7_900, '0:07'],
  [60_000, '1:00'],
  [760_000, '12:40'],
])('%i ms is %s', (milliseconds, text) => {
  expect(clock(milliseconds)).toBe(text);
});
