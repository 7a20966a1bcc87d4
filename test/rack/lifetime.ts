import { removeRunFiles, type RunRecord, signalMachine } from './runs';

interface Stoppable {
  readonly record: RunRecord;
}

const living = new Set<Stoppable>();
let installed = false;

/** From now on the rack's machines end with this process. */
export function stopAtExit(rack: Stoppable): void {
  living.add(rack);
  if (installed) return;
  installed = true;
  process.on('exit', killAll);
  for (const [signal, exitCode] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.once(signal, () => {
      process.stderr.write(`\nrack: ${signal}: stopping every machine\n`);
      process.exit(exitCode);
    });
  }
}

/** The rack has been stopped, or is somebody else's to stop. */
export function stopsItself(rack: Stoppable): void {
  living.delete(rack);
}

/** At exit nothing can be waited for: machines are ended the hard way, and their disks were throw-away anyway. */
function killAll(): void {
  for (const { record } of living) {
    for (const machine of Object.keys(record.machines)) signalMachine(record, machine, 'SIGKILL');
    removeRunFiles(record);
  }
  living.clear();
}
