import { Token } from 'cdktf';
import { integer, object, text, textOrReference } from './props';

/** How to reach a host by SSH. What is left out is what ssh's own configuration says (`~/.ssh/config`, agent). */
export interface SshConnectionProps extends SshDefaults {
  /** IP address, name, or alias of `~/.ssh/config`; a Terraform reference is allowed. */
  readonly address: string;
}

/** SSH settings that many hosts share. No field holds a secret: keys are named by path, or are in the agent. */
export interface SshDefaults {
  /** Remote user; root, or one that may use sudo without a password. */
  readonly user?: string;
  /** TCP port, 1 to 65535. */
  readonly port?: number;
  /** Path of the private key on the machine that deploys. */
  readonly identityFile?: string;
  /** Path of a known_hosts file on the machine that deploys. Host keys are always checked. @default ssh's own */
  readonly knownHostsFile?: string;
}

const path = text('a path', /^\P{Cc}+$/u);

const defaults = {
  user: text("a user name like 'operator'", /^[a-z_][a-z0-9_.-]*\$?$/i).optional(),
  port: integer('a TCP port', 1, 65535).optional(),
  identityFile: path.optional(),
  knownHostsFile: path.optional(),
};

/** @internal */
export const sshDefaultsSchema = object(defaults);

/** @internal */
export const sshConnectionSchema = object({
  // What begins with a hyphen would be an option to ssh.
  address: textOrReference(
    "an IP address, a name or an alias of ~/.ssh/config, like '192.0.2.1'",
    /^[A-Za-z0-9_:][A-Za-z0-9_.:%-]*$/,
  ),
  ...defaults,
});

const CONNECTION = Symbol.for('cdktf-dataplane/Connection');

/** How a host is reached when the stack is deployed. */
export class Connection {
  static ssh(props: SshConnectionProps): Connection {
    return new Connection(props);
  }

  static isConnection(x: unknown): x is Connection {
    return typeof x === 'object' && x !== null && CONNECTION in x;
  }

  private constructor(
    /** @internal */
    readonly _props: SshConnectionProps,
  ) {
    Object.defineProperty(this, CONNECTION, { value: true });
  }

  /** Is the address known at deploy time only? */
  get isReference(): boolean {
    return Token.isUnresolved(this._props.address);
  }
}
