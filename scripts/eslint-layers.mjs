/**
 * An ESLint rule: imports run downwards. It resolves each relative import, so that no spelling of a path gets past it,
 * and looks at type imports as well: a type is a dependency too.
 */
import { dirname, relative, resolve, sep } from 'node:path';

/** From the top down; what stands on one line may not import each other. */
const LAYERS = [
  ['examples'],
  ['constructs'],
  ['src/cli'],
  ['src/artifacts'],
  ['src/rules'],
  ['src/plan'],
  ['src/platforms', 'src/hardware'],
  ['src/values'],
];
/** Only what stands above or at this layer may know the framework. */
const LOWEST_WITH_FRAMEWORK = 'constructs';
const FRAMEWORK = /^(cdktf|cdktf-cli|constructs|@cdktf)(\/|$)/;
/** No part of what is published. */
const OUTSIDE = /^(test|scripts|bench)\//;

const ORDER = LAYERS.map((names) => names.join(', ')).join(' → ');

/** The layer of a path below the project, and how far down it is; undefined for what is outside the layers. */
function layerOf(path) {
  const posix = path.split(sep).join('/');
  for (const [depth, names] of LAYERS.entries()) {
    const name = names.find((layer) => posix === layer || posix.startsWith(`${layer}/`));
    if (name !== undefined) return { name, depth };
  }
  return undefined;
}

const frameworkDepth = LAYERS.findIndex((names) => names.includes(LOWEST_WITH_FRAMEWORK));

export default {
  meta: {
    type: 'problem',
    schema: [],
    messages: {
      upwards: `{{from}} may not import {{to}}: imports run ${ORDER}`,
      outside: '{{from}} may not import {{to}}: what tests and scripts need is no part of the library',
      framework: `{{from}} may not import '{{specifier}}': only constructs/ and what stands above it knows cdktf`,
    },
  },
  create(context) {
    const file = relative(context.cwd, context.filename);
    const from = layerOf(file);
    if (from === undefined) return {};
    const look = (source) => {
      if (typeof source?.value !== 'string') return;
      const specifier = source.value;
      if (!specifier.startsWith('.')) {
        if (from.depth > frameworkDepth && FRAMEWORK.test(specifier)) {
          context.report({ node: source, messageId: 'framework', data: { from: from.name, specifier } });
        }
        return;
      }
      const target = relative(context.cwd, resolve(dirname(context.filename), specifier));
      const to = layerOf(target);
      if (to === undefined && OUTSIDE.test(target.split(sep).join('/'))) {
        context.report({ node: source, messageId: 'outside', data: { from: from.name, to: target } });
      } else if (to !== undefined && to.name !== from.name && to.depth <= from.depth) {
        context.report({ node: source, messageId: 'upwards', data: { from: from.name, to: to.name } });
      }
    };
    return {
      ImportDeclaration: (node) => look(node.source),
      ExportNamedDeclaration: (node) => look(node.source),
      ExportAllDeclaration: (node) => look(node.source),
      ImportExpression: (node) => look(node.source),
      TSImportType: (node) => look(node.argument?.literal ?? node.source),
      TSExternalModuleReference: (node) => look(node.expression),
      'CallExpression[callee.name="require"]': (node) => look(node.arguments[0]),
    };
  },
};
