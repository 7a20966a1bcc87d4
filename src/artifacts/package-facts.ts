import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What package.json says of this package, to those who ask which program made a file. */
export interface PackageFacts {
  readonly name: string;
  readonly version: string;
  /** Where its documentation is to be read; undefined: nowhere yet. */
  readonly homepage?: string;
}

/** The directory of package.json: two above the sources, three above what is built from them. */
export function packageRoot(): string {
  let directory = __dirname;
  while (!existsSync(join(directory, 'package.json'))) {
    const above = dirname(directory);
    if (above === directory) throw new Error(`no package.json above ${__dirname}`);
    directory = above;
  }
  return directory;
}

let facts: PackageFacts | undefined;

export function packageFacts(): PackageFacts {
  facts ??= JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as PackageFacts;
  return facts;
}
