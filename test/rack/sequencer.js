const { basename } = require('node:path');
const Sequencer = require('@jest/test-sequencer').default;

// failures goes on from the machines that flagship saves.
const ORDER = ['flagship', 'failures', 'cloud-init', 'rack'];

/** The order in which the rack's test files are begun; each also runs alone, and in any other order. */
module.exports = class extends Sequencer {
  sort(tests) {
    const place = ({ path }) => ORDER.indexOf(basename(path, '.rack.ts'));
    return [...tests].sort((a, b) => place(a) - place(b) || (a.path < b.path ? -1 : 1));
  }
};
