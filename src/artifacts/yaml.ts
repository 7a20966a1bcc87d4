import { Document, type ScalarTag } from 'yaml';

/** A key is plain where no YAML 1.1 reader takes it for something else. */
const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
const YAML_1_1_WORDS = new Set(['y', 'n', 'yes', 'no', 'on', 'off', 'true', 'false', 'null', 'none']);

/**
 * Block-style YAML that a YAML 1.1 reader (PyYAML: cloud-init, Ansible) reads back as the same strings: unquoted, the
 * PCI address `0000:04:00.0` is the number 240, a MAC address can be one too, `0644` is 420 and `on` is true. So every
 * string is in double quotes, and keys are where they are no plain words.
 *
 * @param width characters after which a string goes on in the next line; undefined: never
 */
export function yamlText(value: unknown, width?: number): string {
  const strings = stringTag(width);
  const document = new Document(value, {
    aliasDuplicateObjects: false,
    customTags: (tags) => [
      strings,
      ...tags.filter((tag) => typeof tag === 'string' || tag.tag !== strings.tag),
    ],
  });
  return document.toString({ lineWidth: 0 });
}

/**
 * Lines of a mapping of scalars, as yamlText writes them at this indentation: for what a fleet has thousands of, for
 * which the library takes twenty times as long.
 */
export function yamlLines(
  mapping: Readonly<Record<string, string | number | boolean>>,
  indent: string,
  width: number,
): string {
  return Object.entries(mapping)
    .map(([key, value]) => {
      const scalar =
        typeof value === 'string' ? quoted(folded(escaped(value), width, `${indent}  `)) : `${value}`;
      return `${indent}${yamlKey(key)}: ${scalar}\n`;
    })
    .join('');
}

/** A key, as yamlText writes it. */
export function yamlKey(text: string): string {
  return isPlainKey(text) ? text : quoted(escaped(text));
}

/** One string, as yamlText writes it. */
export function yamlString(text: string): string {
  return quoted(escaped(text));
}

function stringTag(width: number | undefined): ScalarTag {
  return {
    tag: 'tag:yaml.org,2002:str',
    default: true,
    identify: (value) => typeof value === 'string',
    resolve: (text: string) => text,
    stringify: ({ value }, { implicitKey, indent }) => {
      const text = String(value);
      if (implicitKey) return yamlKey(text);
      return quoted(width === undefined ? escaped(text) : folded(escaped(text), width, indent));
    },
  };
}

function isPlainKey(text: string): boolean {
  return PLAIN_KEY.test(text) && !YAML_1_1_WORDS.has(text.toLowerCase());
}

function quoted(text: string): string {
  return `"${text}"`;
}

/** ASCII only: PyYAML refuses some characters as they are, and doesn't join surrogate pairs. */
function escaped(text: string): string {
  return text.replace(/[^ !#-[\]-~]/gu, (character) => {
    if (character === '"' || character === '\\') return `\\${character}`;
    if (character === '\n') return '\\n';
    const code = character.codePointAt(0) ?? 0;
    if (code <= 0xff) return `\\x${hex(code, 2)}`;
    return code <= 0xffff ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
  });
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}

/**
 * Broken before spaces. A line that ends in a backslash goes on in the next, where the backslash before the first space
 * keeps it apart from the indentation.
 */
function folded(text: string, width: number, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const [word] of text.matchAll(/ *(?:\\.|[^ \\])+| +$/g)) {
    if (line !== '' && line.length + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line += word;
    }
  }
  return [...lines, line].join(`\\\n${indent}\\`);
}
