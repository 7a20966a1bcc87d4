/** Terraform as this machine has it, and where hashicorp/null comes from: the registry, or the stand-in. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cacheDirectory } from './cache';
import { NULL_PROVIDER_VERSION, nullProviderConfiguration } from './null-provider';
import { ask } from './processes';
import type { Tool } from './tool';

/** 1.4 is the first with `terraform_data`. */
const OLDEST_MINOR = 4;

export interface Terraform {
  readonly command: string;
  readonly version: string;
  /** Where hashicorp/null comes from here. */
  readonly nullProvider: 'registry' | 'stand-in';
  /** To be added to the environment of `terraform` and `cdktf`. */
  readonly environment: Readonly<Record<string, string>>;
  /** To be added to `cdktf deploy`, `diff` and `destroy`. */
  readonly cdktfArguments: readonly string[];
  /** One line that a run must show: it isn't using the real provider. Absent where it is. */
  readonly note?: string;
}

/** No version check, no telemetry, no interactive screen. */
const QUIET = { CHECKPOINT_DISABLE: '1', CI: '1' };

export function terraformVersion(): Tool<{ readonly version: string }> {
  const { code, stdout, stderr } = ask('terraform', ['version', '-json'], { env: QUIET, timeoutSeconds: 30 });
  const version = /"terraform_version": *"([^"]+)"/.exec(stdout)?.[1];
  if (code === 127) return { available: false, reason: 'terraform is not on PATH' };
  if (version === undefined) {
    return { available: false, reason: `terraform version: exit ${code}: ${stderr.trim()}` };
  }
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < 1 || (major === 1 && minor < OLDEST_MINOR)) {
    return { available: false, reason: `terraform is ${version}; 1.${OLDEST_MINOR} or newer is needed` };
  }
  return { available: true, version };
}

/**
 * Undefined: Terraform gets hashicorp/null with this machine's own configuration (from the registry, or from a mirror
 * of the user's). Otherwise Terraform's own words why not.
 */
export function registryFailure(): string | undefined {
  const plugins = cacheDirectory('terraform-plugins');
  mkdirSync(plugins, { recursive: true });
  return initialize({
    // A second look needs no second download. A registry that doesn't answer costs seconds, not minutes.
    TF_PLUGIN_CACHE_DIR: plugins,
    TF_REGISTRY_DISCOVERY_RETRY: '0',
    TF_REGISTRY_CLIENT_TIMEOUT: '5',
  });
}

/** The whole answer: is there a Terraform that can run a stack with a null_resource, and how is it to be called. */
export function findTerraform(): Tool<Terraform> {
  const found = terraformVersion();
  if (!found.available) return found;
  const base = { available: true, command: 'terraform', version: found.version } as const;
  const failure = registryFailure();
  if (failure === undefined) {
    return { ...base, nullProvider: 'registry', environment: QUIET, cdktfArguments: [] };
  }
  const configuration = nullProviderConfiguration();
  if (configuration === undefined) {
    return {
      available: false,
      reason: `Terraform's registry can't be reached (${failure}) and the stand-in for hashicorp/null isn't built; run: npm run setup`,
    };
  }
  return {
    ...base,
    nullProvider: 'stand-in',
    environment: { ...QUIET, TF_CLI_CONFIG_FILE: configuration },
    // `cdktf` locks providers for other platforms too, and for that asks the registry whatever the mirror has.
    cdktfArguments: ['--skip-provider-lock'],
    note:
      `hashicorp/null ${NULL_PROVIDER_VERSION} is a stand-in built from test/rack/null-provider: ` +
      `Terraform's registry can't be reached (${failure})`,
  };
}

/** `terraform init` of a configuration with nothing but the null provider; the reason where it fails. */
function initialize(env: Readonly<Record<string, string>>): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'cdktf-dataplane-terraform-'));
  try {
    writeFileSync(
      join(directory, 'main.tf.json'),
      JSON.stringify({
        terraform: {
          required_providers: { null: { source: 'hashicorp/null', version: NULL_PROVIDER_VERSION } },
        },
      }),
    );
    const { code, stderr } = ask('terraform', ['init', '-input=false', '-no-color'], {
      cwd: directory,
      env: { ...QUIET, ...env },
      timeoutSeconds: 60,
    });
    if (code === 0) return undefined;
    // Terraform wraps its sentences and ends them with advice; the cause is what stands behind the last colon.
    const words = stderr.replace(/[│╷╵]/g, ' ').replace(/\s+/g, ' ');
    const error = words.slice(words.indexOf('Error: ')).replace(/ To see which modules .*/, '');
    return error.split(': ').at(-1)?.trim() || `terraform init: exit ${code}`;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
