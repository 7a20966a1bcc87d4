/** Unit, snapshot and artifact tests; what boots virtual machines is under test/rack and has its own configuration. */
module.exports = {
  testEnvironment: 'node',
  // Foreign tools (Terraform, Ansible) take seconds, and many more on a busy machine.
  testTimeout: 120_000,
  // Many tests wait for another program, so two files at a time keep two cores busy (jest's own choice would be one).
  maxWorkers: 2,
  globalSetup: '<rootDir>/test/global-setup.ts',
  roots: ['<rootDir>/test'],
  testPathIgnorePatterns: [
    '/node_modules/',
    '<rootDir>/test/company/',
    '<rootDir>/test/rack/.*\\.rack\\.ts$',
  ],
  testMatch: ['**/*.test.ts'],
  // As the examples import it.
  moduleNameMapper: { '^cdktf-dataplane$': '<rootDir>/constructs' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript', decorators: false }, target: 'es2022' } },
    ],
  },
};
