import { Document, type ScalarTag } from 'yaml';

/** Words and forms that a YAML 1.1 reader may take for something else are never plain: only these keys are. */
const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
const YAML_1_1_WORDS = new Set(['y', 'n', 'yes', 'no', 'on', 'off', 'true', 'false', 'null', 'none']);

const quotedString: ScalarTag = {
  tag: 'tag:yaml.org,2002:str',
  default: true,
  identify: (value) => typeof value === 'string',
  resolve: (text: string) => text,
  stringify: ({ value }, context) => {
    const text = String(value);
    const plain = context.implicitKey && PLAIN_KEY.test(text) && !YAML_1_1_WORDS.has(text.toLowerCase());
    return plain ? text : quote(text);
  },
};

/**
 * Block-style YAML that a YAML 1.1 reader (PyYAML: cloud-init, Ansible) reads back as the same strings: unquoted, the
 * PCI address `0000:04:00.0` is the number 240, a MAC address can be one too, `0644` is 420 and `on` is true. So every
 * string is in double quotes, and keys are where they are no plain words.
 */
export function yamlText(value: unknown): string {
  const document = new Document(value, {
    aliasDuplicateObjects: false,
    customTags: (tags) => [
      quotedString,
      ...tags.filter((tag) => typeof tag === 'string' || tag.tag !== quotedString.tag),
    ],
  });
  return document.toString({ lineWidth: 0 });
}

/** Double-quoted, ASCII only: PyYAML refuses some characters as they are, and doesn't join surrogate pairs. */
function quote(text: string): string {
  const escaped = Array.from(text, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (character === '"' || character === '\\') return `\\${character}`;
    if (character === '\n') return '\\n';
    if (code >= 0x20 && code < 0x7f) return character;
    if (code <= 0xff) return `\\x${hex(code, 2)}`;
    return code <= 0xffff ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
  });
  return `"${escaped.join('')}"`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
