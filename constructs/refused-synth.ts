let prepared = false;

/**
 * The findings are what a person reads of a refused plan, not the stack trace of the Error that cdktf throws with them. So
 * under cdktf's command line (which sets CDKTF_OUTDIR), where nobody catches that error, its message alone is shown. In a
 * test or a program that catches it, nothing differs.
 */
export function hideStackTraceOfRefusal(): void {
  if (prepared || process.env['CDKTF_OUTDIR'] === undefined) return;
  prepared = true;
  process.once('uncaughtException', (error: unknown) => {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    const refused = message.startsWith('Validation failed');
    process.stderr.write(`${refused ? message : (stack ?? message)}\n`);
    process.exit(1);
  });
}
