/** A file made at synth: relative path with forward slashes, and its content. */
export interface ArtifactFile {
  readonly path: string;
  readonly content: string | Uint8Array;
  /** A program that people can start. */
  readonly executable?: true;
}

export interface TextFile extends ArtifactFile {
  readonly content: string;
  /** What the content begins with, where many files begin so. */
  readonly beginning?: string;
}
