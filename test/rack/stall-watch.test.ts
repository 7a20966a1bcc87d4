import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StallWatch } from './stall-watch';

const BOOT = '[    0.000000] Linux version 6.12.117+deb13-amd64\n';
// As seen on this rack, a second CPU's timer lost.
const STALL =
  "[   22.857147] rcu: rcu_preempt kthread timer wakeup didn't happen for 5251 jiffies! g-1147 f0x0 RCU_GP_WAIT_FQS(5) ->state=0x402\n";

describe('StallWatch', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stall-watch-'));
  let count = 0;

  afterAll(() => rmSync(folder, { recursive: true }));

  function watched(): { readonly log: (text: string) => void; readonly watch: StallWatch } {
    const file = join(folder, `${++count}.log`);
    return { log: (text) => appendFileSync(file, text), watch: new StallWatch(file) };
  }

  it('sees a machine that complains twice in one boot, once', () => {
    const { log, watch } = watched();
    expect(watch.hangs()).toBe(false);
    log(BOOT + STALL);
    expect(watch.hangs()).toBe(false);
    log(STALL.slice(0, 40));
    expect(watch.hangs()).toBe(false);
    log(STALL.slice(40));
    expect(watch.hangs()).toBe(true);
    expect(watch.hangs()).toBe(false);
  });

  it('leaves a machine alone that was slow once in each of its boots', () => {
    const { log, watch } = watched();
    log(BOOT + STALL + BOOT + STALL);
    expect(watch.hangs()).toBe(false);
  });
});
