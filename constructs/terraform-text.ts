/** Literal text for a Terraform JSON attribute: Terraform would read `${` and `%{` as the begin of a template. */
export function escapeTerraform(text: string): string {
  // A function as replacement: `$$` in a replacement string means one `$`.
  return text.replace(/[$%]\{/g, (opening) => `${opening.charAt(0)}${opening}`);
}
