/** A foreign tool: usable, or the reason why not, which is what a skipped test shows. */
export type Tool<T> =
  ({ readonly available: true } & T) | { readonly available: false; readonly reason: string };
