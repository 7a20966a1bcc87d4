import { checkDocument } from '../check-document';
import type { ProfileDocument } from '../profile-document';
import { isObject, type Reader, type Source } from './reader';

/** `dataplane-host inspect`: the document itself. */
export const inspectReader: Reader = {
  name: 'dataplane-host inspect',
  recognises: ({ json }) => isObject(json) && 'schemaVersion' in json,
  read: ([source, ...others]) => {
    for (const other of others) {
      other.findings.report('', `${source.name} is a whole profile already`, 'give one of the two');
    }
    return checked(source) ?? { schemaVersion: 1 };
  },
};

function checked({ json, findings }: Source): ProfileDocument | undefined {
  return checkDocument(
    json,
    findings,
    'make the file again with `npx cdktf-dataplane inspect user@host`, or correct it',
  );
}
