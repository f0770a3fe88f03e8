import type { KubeClient } from '../../../operator/kube/client/kubeClient.ts';
import type { SignatureAlgorithm } from '../../../operator/core/signatureAlgorithms.ts';
import type { Logger } from '../../../operator/telemetry/logger.ts';
import { BearerTokens } from './bearerTokens.ts';
import type { ClaimRules } from './claims.ts';
import { IdentityProvider } from './identityProvider.ts';
import { Callers } from './index.ts';
import { KubernetesTokens } from './kubernetesTokens.ts';
import { Seals } from './seals.ts';
import { Sessions } from './session.ts';

/** The identity provider of people. */
export interface ProviderSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret?: string | undefined;
  /** For whom bearer tokens must have been issued. */
  readonly audiences: readonly string[];
  readonly scopes: readonly string[];
  readonly claims: Omit<ClaimRules, 'issuer'>;
  readonly algorithms: readonly SignatureAlgorithm[];
  readonly ca?: string | undefined;
}

export interface CallersSettings {
  /** For whom tokens of the cluster must have been issued. */
  readonly audiences: readonly string[];
  readonly origin: string;
  /** Absent: nobody signs in, and only tokens of the cluster are taken. */
  readonly provider?: ProviderSettings | undefined;
  /** The first seals sessions, all of them open. */
  readonly sealKeys: readonly Uint8Array[];
  readonly sessionMs: number;
}

/** All that knows who calls. */
export interface CallersParts {
  readonly callers: Callers;
  /** What signing in with a browser takes; absent without an identity provider. */
  readonly signIn:
    | {
        readonly provider: IdentityProvider;
        readonly tokens: BearerTokens;
        readonly sessions: Sessions;
        readonly scopes: readonly string[];
      }
    | undefined;
  readonly close: () => Promise<void>;
}

/** Puts it together. */
export function openCallers(client: Pick<KubeClient, 'create'>, log: Logger, settings: CallersSettings): CallersParts {
  const { audiences, origin } = settings;
  const kubernetes = new KubernetesTokens({ client, audiences, log });
  if (settings.provider === undefined)
    return { callers: new Callers({ kubernetes, origin }), signIn: undefined, close: () => Promise.resolve() };
  const { scopes, claims, algorithms, ...of } = settings.provider;
  const provider = new IdentityProvider(of);
  const tokens = new BearerTokens({ provider, audiences: of.audiences, algorithms, claims, log });
  const sessions = new Sessions({ seals: new Seals(settings.sealKeys), seconds: Math.floor(settings.sessionMs / 1000) });
  return {
    callers: new Callers({ kubernetes, bearer: tokens, sessions, origin }),
    signIn: { provider, tokens, sessions, scopes },
    close: () => provider.close(),
  };
}
