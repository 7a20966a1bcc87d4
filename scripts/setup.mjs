#!/usr/bin/env node
// Set-up, first half: the npm packages. Plain JavaScript, because on a fresh clone there is nothing else yet.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const USAGE = `usage: npm run setup [-- --for test|demo|npm]

Makes what tests and the demo need: npm packages, Debian packages (root), a Python environment (.venv), cloud-init's
schemas, and a stand-in for hashicorp/null where Terraform's registry can't be reached. Only what is missing is made;
everything but node_modules and .venv is kept in \${XDG_CACHE_HOME:-~/.cache}/cdktf-dataplane.

  --for test   all that \`npm test\` uses (default)
  --for npm    the npm packages only
  --for demo   all that \`npm run demo\` uses besides the rack, which sets itself up
`;

const project = fileURLToPath(new URL('..', import.meta.url));
const args = process.argv.slice(2);
if (args.includes('--help') || args.includes('-h')) {
  process.stdout.write(USAGE);
  process.exit(0);
}
if (!(args.length === 0 || (args.length === 2 && args[0] === '--for' && /^(test|demo|npm)$/.test(args[1])))) {
  process.stderr.write(`setup: unknown arguments: ${args.join(' ')}\n${USAGE}`);
  process.exit(2);
}
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 9)) {
  process.stderr.write(`setup: Node ${process.versions.node} is too old; 20.9 or newer is needed\n`);
  process.exit(1);
}

const why = staleBecause();
if (why !== undefined) {
  const started = Date.now();
  process.stderr.write(`  ...   npm packages (${why})\n`);
  // Without our own \`prepare\`, which builds the library and needs Python; then what the packages themselves build.
  npm('ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error');
  npm('rebuild', '--loglevel=error');
  process.stderr.write(`  done  npm packages  ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
}
if (args[1] === 'npm') process.exit(0);
const rest = spawnSync(process.execPath, ['--import', 'tsx', 'scripts/setup.ts', ...args], {
  cwd: project,
  stdio: 'inherit',
});
process.exit(rest.status ?? 1);

function npm(...words) {
  const { status } = spawnSync('npm', words, { cwd: project, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) {
    process.stderr.write(`setup: npm ${words.join(' ')} failed (exit ${status}); see npm's message above\n`);
    process.exit(1);
  }
}

/** Undefined: node_modules holds what package-lock.json asks for. npm keeps beside it a list of what it put there. */
function staleBecause() {
  const wanted = packagesOf('package-lock.json');
  const present = packagesOf('node_modules/.package-lock.json');
  if (present === undefined) return 'not installed yet';
  for (const [path, { version, optional, devOptional, peer, integrity }] of Object.entries(wanted)) {
    if (path === '') continue;
    const found = present[path];
    // What is for another platform is listed, but not installed.
    if (found === undefined && (optional || devOptional || peer)) continue;
    if (found?.version !== version || found.integrity !== integrity) return `${path} isn't ${version}`;
  }
  return undefined;
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(`${project}/${file}`, 'utf8')).packages;
  } catch (error) {
    if (error.code === 'ENOENT' && file.startsWith('node_modules')) return undefined;
    throw error;
  }
}
