/** A file made at synth: relative path with forward slashes, and its text. */
export interface ArtifactFile {
  readonly path: string;
  readonly content: string;
}
