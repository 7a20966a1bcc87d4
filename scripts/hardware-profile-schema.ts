import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { profileJsonSchema } from '../src/hardware/profile-document';

/** The published JSON Schema of hardware profiles. */
export const SCHEMA_PATH = join(__dirname, '..', 'docs', 'hardware-profile.schema.json');

export function schemaText(): string {
  return `${JSON.stringify(profileJsonSchema(), null, 2)}\n`;
}

if (require.main === module) {
  writeFileSync(SCHEMA_PATH, schemaText());
  process.stderr.write(`hardware-profile-schema: wrote ${SCHEMA_PATH}\n`);
}
