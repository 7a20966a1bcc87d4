/** What boots virtual machines, in minutes; one file after the other: two machines keep two CPUs busy. */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test/rack'],
  testMatch: ['**/*.rack.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript', decorators: false }, target: 'es2022' } },
    ],
  },
  testSequencer: '<rootDir>/test/rack/sequencer.js',
  maxWorkers: 1,
  testTimeout: 1_800_000,
  verbose: true,
};
