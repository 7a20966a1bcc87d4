/** The stand-in for hashicorp/null (test/rack/null-provider), built into a file system mirror for Terraform. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { check } from '../test/rack/process';
import { cacheDirectory, makeOnce, sourcesHash } from './cache';
import { unpackPackages, unpackedPackages } from './debian-packages';
import { ask } from './processes';

export const NULL_PROVIDER_VERSION = '3.2.4';

const SOURCES = join(__dirname, '..', 'test', 'rack', 'null-provider');
/** The host part of Terraform's own address for a provider that is written without one. */
const ADDRESS = ['registry.terraform.io', 'hashicorp', 'null'];
const CONFIGURATION = 'terraform.tfrc';

/** go.mod's `go` line: a Go from 1.21 on fetches a newer one through the module proxy where it needs it. */
const OLDEST_GO = 21;
/** Where the machine has no such Go, Debian 13's is unpacked in the cache; it runs on Debian 12 as well. */
const GO_SUITE = 'trixie';
const GO_PACKAGES = ['golang-1.24-go', 'golang-1.24-src'] as const;

/** The Terraform CLI configuration that has the stand-in; absent until `buildNullProvider`. */
export function nullProviderConfiguration(): string | undefined {
  const file = join(buildDirectory(), CONFIGURATION);
  return existsSync(file) ? file : undefined;
}

/** `note` hears what the machine lacks and where it is taken from instead. */
export async function buildNullProvider(note: (text: string) => void): Promise<void> {
  const place = buildDirectory();
  await makeOnce(place, async (directory) => {
    const platform = `linux_${process.arch === 'x64' ? 'amd64' : process.arch}`;
    const folder = join(directory, 'mirror', ...ADDRESS, NULL_PROVIDER_VERSION, platform);
    mkdirSync(folder, { recursive: true });
    const binary = join(folder, `terraform-provider-null_v${NULL_PROVIDER_VERSION}`);
    await check(
      await go(note),
      ['build', '-trimpath', '-mod=readonly', '-ldflags=-s -w', '-o', binary, '.'],
      {
        directory: SOURCES,
        environment: { ...process.env, CGO_ENABLED: '0' },
      },
    );
    // Terraform asks the registry for every other provider, as always.
    const mirror = JSON.stringify(join(place, 'mirror'));
    writeFileSync(
      join(directory, CONFIGURATION),
      `provider_installation {
  filesystem_mirror {
    path    = ${mirror}
    include = ["hashicorp/null"]
  }
  direct {
    exclude = ["hashicorp/null"]
  }
}
`,
    );
  });
}

function buildDirectory(): string {
  const files = readdirSync(SOURCES)
    .filter((name) => /(\.go|^go\.mod|^go\.sum)$/.test(name))
    .sort()
    .map((name) => join(SOURCES, name));
  return cacheDirectory('null-provider', sourcesHash([...files, __filename], process.arch));
}

async function go(note: (text: string) => void): Promise<string> {
  const minor = /\bgo1\.(\d+)/.exec(ask('go', ['version']).stdout)?.[1];
  if (minor !== undefined && Number(minor) >= OLDEST_GO) return 'go';
  const program = join(unpackedPackages(GO_SUITE, GO_PACKAGES), 'usr', 'lib', 'go-1.24', 'bin', 'go');
  if (!existsSync(program)) {
    note(`${minor === undefined ? 'no Go' : `Go 1.${minor}`} here: taking Debian 13's 1.24 into the cache`);
    await unpackPackages(GO_SUITE, GO_PACKAGES);
  }
  note("building with Debian 13's Go 1.24");
  return program;
}
