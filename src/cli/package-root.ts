import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The directory of this package's package.json, in the repository and where it is installed. */
export function packageRoot(): string {
  let directory = __dirname;
  while (!existsSync(join(directory, 'package.json')) && dirname(directory) !== directory) {
    directory = dirname(directory);
  }
  return directory;
}
