import { ValueError } from '../values/value-error';

/**
 * Which bytes of user-data a platform counts. `text`: of the text itself (`host.userData`); `gzip`: of its gzip form,
 * before base64 (`host.userDataBase64`); `base64`: of that in base64, as it is handed over.
 */
export type UserDataForm = 'text' | 'gzip' | 'base64';

export interface UserDataPlatformFacts {
  /** For messages. */
  readonly name: string;
  /** Most bytes; null: as many as one likes. */
  readonly limit: number | null;
  /** What the limit counts. */
  readonly counts: UserDataForm;
}

/**
 * Where a host's user-data is handed over, and how much of it is taken there.
 *
 *     new DataplaneHost(this, 'edge-1', { userDataPlatform: UserDataPlatform.EC2 });
 */
export class UserDataPlatform {
  /**
   * Amazon EC2, `user_data_base64`: 16 KB "in raw form, before it is base64-encoded" (EC2 user guide, Work with instance
   * user data).
   */
  static readonly EC2 = new UserDataPlatform({ name: 'EC2', limit: 16_384, counts: 'gzip' });
  /** OpenStack Nova, `user_data`: "must be base64 encoded and is restricted to 65535 bytes" (Nova user guide, user-data). */
  static readonly OPENSTACK = new UserDataPlatform({ name: 'OpenStack', limit: 65_535, counts: 'base64' });
  /** Microsoft Azure, `custom_data`: decoded from base64 at most 65,535 bytes (Compute REST API, OSProfile.customData). */
  static readonly AZURE = new UserDataPlatform({ name: 'Azure', limit: 65_535, counts: 'gzip' });
  /**
   * Google Compute Engine, the metadata key `user-data`: a value has at most 262,144 bytes (Compute Engine REST API,
   * Metadata). cloud-init reads it as text, or in base64 with the key `user-data-encoding` (its GCE data source).
   */
  static readonly GOOGLE_CLOUD = new UserDataPlatform({
    name: 'Google Cloud',
    limit: 262_144,
    counts: 'text',
  });
  /**
   * Oracle Cloud, `metadata.user_data`: "the combined size of these two attributes [metadata, extendedMetadata] can be a
   * maximum of 32,000 bytes" (OCI Compute, Updating Instance Metadata). SSH keys and all other metadata count as well.
   */
  static readonly ORACLE_CLOUD = new UserDataPlatform({
    name: 'Oracle Cloud',
    limit: 32_000,
    counts: 'base64',
  });
  /**
   * Hetzner Cloud, `user_data`: 32 KiB (Hetzner Cloud API, Create a Server). It takes text only; cloud-init decodes base64
   * (its Hetzner data source), so hand over `userDataBase64`.
   */
  static readonly HETZNER_CLOUD = new UserDataPlatform({
    name: 'Hetzner Cloud',
    limit: 32_768,
    counts: 'base64',
  });
  /** DigitalOcean, `user_data`: "must be plain text and may not exceed 64 KiB in size" (DigitalOcean API, Create a Droplet). */
  static readonly DIGITALOCEAN = new UserDataPlatform({
    name: 'DigitalOcean',
    limit: 65_536,
    counts: 'text',
  });
  /** vSphere guest customization with cloud-init: 524,288 bytes (vSphere API, CustomizationCloudinitPrep.userdata). */
  static readonly VSPHERE = new UserDataPlatform({ name: 'vSphere', limit: 524_288, counts: 'text' });
  /** A disk with the seed (cidata): a file system has no limit of its own. */
  static readonly NO_CLOUD = new UserDataPlatform({ name: 'NoCloud', limit: null, counts: 'text' });

  /**
   * Another one.
   *
   * @throws ValueError where the limit isn't a whole number of bytes, 1 or more
   */
  static of(facts: UserDataPlatformFacts): UserDataPlatform {
    const { limit, counts } = facts;
    if (limit !== null && !(Number.isInteger(limit) && limit >= 1)) {
      throw new ValueError('a limit of 1 byte or more as a whole number, or null', limit);
    }
    if (!['text', 'gzip', 'base64'].includes(counts)) {
      throw new ValueError("counts: 'text', 'gzip' or 'base64'", counts);
    }
    return new UserDataPlatform(facts);
  }

  private constructor(private readonly facts: UserDataPlatformFacts) {
    Object.freeze(this);
  }

  get name(): string {
    return this.facts.name;
  }

  get limit(): number | null {
    return this.facts.limit;
  }

  get counts(): UserDataForm {
    return this.facts.counts;
  }

  toString(): string {
    return this.name;
  }
}
