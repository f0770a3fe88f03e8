import type { Credential, CredentialSource } from './clusterConfig.ts';
import { ExecCredentials } from './execCredentials.ts';
import { ChangingFile } from './fileReader.ts';
import { TokenFile } from './inCluster.ts';
import { KubeconfigError } from './kubeconfigFile.ts';
import type { ClusterFacts, UserEntry } from './kubeconfigFile.ts';
import { OidcCredentials } from './oidcCredentials.ts';

/** A user entry and where it came from. */
export interface UserFacts {
  readonly name: string;
  readonly user: UserEntry;
  readonly facts: ClusterFacts;
  /** The kubeconfig that holds the entry. */
  readonly file: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** How this user proves who they are; a client certificate goes with whatever else there is. */
export function credentialsOf(given: UserFacts): CredentialSource {
  const { user, name } = given;
  const certificate = clientCertificate(user, name);
  const authorization = authorizationOf(given);
  if (certificate === undefined) return authorization ?? noCredentials;
  return authorization === undefined ? certificate : new Combined(certificate, authorization);
}

const noCredentials: CredentialSource = { current: () => ({}), invalidate: () => undefined };

/** In client-go's order: file over token, then name and password, then plugins. */
function authorizationOf(given: UserFacts): CredentialSource | undefined {
  const { user, name } = given;
  if (user.exec !== undefined && user['auth-provider'] !== undefined) {
    throw new KubeconfigError(`user "${name}": exec and auth-provider: expected one of them`);
  }
  if (isSet(user.tokenFile)) return new TokenFile(user.tokenFile, `user "${name}": tokenFile`);
  if (isSet(user.token)) return fixed({ authorization: `Bearer ${user.token}` });
  if (isSet(user.username)) {
    return fixed({ authorization: `Basic ${Buffer.from(`${user.username}:${user.password ?? ''}`).toString('base64')}` });
  }
  if (user.exec !== undefined) return new ExecCredentials(name, user.exec, given.facts, given.env);
  const provider = user['auth-provider'];
  if (provider === undefined) return undefined;
  if (provider.name !== 'oidc') {
    throw new KubeconfigError(
      `user "${name}": auth-provider.name: expected oidc, was "${provider.name ?? ''}"; use an exec plugin instead`,
    );
  }
  return new OidcCredentials(name, provider.config ?? {}, given.file);
}

function clientCertificate(user: UserEntry, name: string): CredentialSource | undefined {
  const cert = pemSource(user['client-certificate-data'], user['client-certificate'], `user "${name}": client-certificate`);
  const key = pemSource(user['client-key-data'], user['client-key'], `user "${name}": client-key`);
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined) throw new KubeconfigError(`user "${name}": client-certificate: expected one, as there is a client-key`);
  if (key === undefined) throw new KubeconfigError(`user "${name}": client-key: expected one, as there is a client-certificate`);
  let known: Credential = {};
  return {
    current: () => {
      const now = { cert: cert.text(), key: key.text() };
      if (now.cert !== known.cert || now.key !== known.key) known = now;
      return known;
    },
    invalidate: () => {
      cert.invalidate();
      key.invalidate();
    },
  };
}

function pemSource(
  data: string | undefined,
  path: string | undefined,
  field: string,
): Pick<ChangingFile, 'text' | 'invalidate'> | undefined {
  if (isSet(data)) {
    const text = Buffer.from(data, 'base64').toString('utf8');
    return { text: () => text, invalidate: () => undefined };
  }
  return isSet(path) ? new ChangingFile(path, field) : undefined;
}

/** A certificate for the connection and a token for the request; where both bring a certificate, the plugin's wins. */
class Combined implements CredentialSource {
  readonly #certificate: CredentialSource;
  readonly #authorization: CredentialSource;

  constructor(certificate: CredentialSource, authorization: CredentialSource) {
    this.#certificate = certificate;
    this.#authorization = authorization;
  }

  async current(): Promise<Credential> {
    return { ...(await this.#certificate.current()), ...(await this.#authorization.current()) };
  }

  invalidate(): void {
    this.#certificate.invalidate();
    this.#authorization.invalidate();
  }
}

function fixed(credential: Credential): CredentialSource {
  return { current: () => credential, invalidate: () => undefined };
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}
