const unit = require('./jest.config.js');

/** What boots virtual machines: one after the other, in minutes. */
module.exports = {
  ...unit,
  roots: ['<rootDir>/test/rack'],
  testMatch: ['**/*.rack.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  maxWorkers: 1,
  testTimeout: 1_800_000,
  verbose: true,
};
