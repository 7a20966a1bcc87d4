import { fileURLToPath } from 'node:url';
import js from '@eslint/js';
import tseslint from 'typescript-eslint';
import layers from './scripts/eslint-layers.mjs';

const PRINTABLE = [
  'CpuSet',
  'InterfaceAddress',
  'IpAddress',
  'MacAddress',
  'PageSize',
  'PciAddress',
  'PciDeviceId',
  'Platform',
  'SegmentList',
  'UserDataPlatform',
];

export default tseslint.config(
  { ignores: ['lib/', 'cdktf.out/', '**/cdktf.out/', 'node_modules/', '.venv/', 'test/company/'] },
  // A rule holds everywhere or it is changed here.
  { linterOptions: { noInlineConfig: true } },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: fileURLToPath(new URL('.', import.meta.url)) },
    },
    rules: {
      // Numbers, and the values that print themselves as people write them.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allow: [{ from: 'file', name: PRINTABLE }] },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Namespaces of functions are modules here; a class of statics is an enum-like type, as cdk has them.
      '@typescript-eslint/no-extraneous-class': ['error', { allowStaticOnly: true }],
      // The characters of what is parsed here are ASCII, or wrong.
      '@typescript-eslint/no-misused-spread': ['error', { allow: [{ from: 'lib', name: 'string' }] }],
      '@typescript-eslint/unbound-method': ['error', { ignoreStatic: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // `== null` is the one way to say "null or undefined" in a word.
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  {
    files: ['**/*.ts'],
    plugins: { dataplane: { rules: { layers } } },
    rules: { 'dataplane/layers': 'error' },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        require: 'readonly',
        module: 'writable',
        URL: 'readonly',
        console: 'readonly',
      },
    },
  },
);
