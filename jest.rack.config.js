/** What boots virtual machines: one test file after the other, in minutes. */
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
  maxWorkers: 1,
  testTimeout: 1_800_000,
  verbose: true,
};
