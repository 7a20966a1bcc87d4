import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/**
 * QEMU without KVM now and then loses a timer interrupt of the second CPU for good, on a busy machine, before the initial
 * RAM disk has even found its disk. The kernel's RCU says so every 21 or 63 seconds and nothing else ever happens.
 */
const STALLED = "rcu_preempt kthread timer wakeup didn't happen";
/** A machine that was only slow says it once. */
const COMPLAINTS = 2;

/** Reads a serial console's log as it grows, and tells when the machine will never come up by itself. */
export class StallWatch {
  private offset = 0;
  private rest = '';
  private complaints = 0;

  constructor(private readonly serialLog: string) {}

  /** Once per stall: what came since the last question has shown that the machine's present boot hangs. */
  hangs(): boolean {
    const lines = (this.rest + this.read()).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      if (/\] Linux version /.test(line)) this.complaints = 0;
      if (line.includes(STALLED)) this.complaints += 1;
    }
    if (this.complaints < COMPLAINTS) return false;
    this.complaints = 0;
    return true;
  }

  private read(): string {
    let file: number;
    try {
      file = openSync(this.serialLog, 'r');
    } catch {
      return '';
    }
    try {
      const buffer = Buffer.alloc(Math.max(0, fstatSync(file).size - this.offset));
      this.offset += readSync(file, buffer, 0, buffer.length, this.offset);
      return buffer.toString('latin1');
    } finally {
      closeSync(file);
    }
  }
}
