const os = require('node:os');

// A rack of two machines takes two CPUs for minutes and idles for as long, and up to 8 GiB of memory.
const roomForTwo = os.cpus().length > 1 && os.totalmem() >= 20 * 2 ** 30;

/** What boots virtual machines, in minutes: two files at a time where there is memory for two racks. */
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
  maxWorkers: roomForTwo ? 2 : 1,
  testTimeout: 1_800_000,
  verbose: true,
};
