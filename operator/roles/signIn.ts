import { CountersignError } from '../core/errors.ts';
import type { KubeClient } from '../kube/client/kubeClient.ts';
import type { Settings } from '../config.ts';
import { parseSealKeys, sharedSealKeys, type CallersSettings } from '../../webhooks/approvals/index.ts';

/** How the approval service knows who calls, by its settings. @throws CountersignError `InvalidConfiguration`. */
export async function callersSettings(
  settings: Settings,
  client: Pick<KubeClient, 'get' | 'replace'>,
): Promise<Omit<CallersSettings, 'origin'>> {
  const provider = providerOf(settings);
  const common = { audiences: settings.approvals_audiences, sessionMs: settings.approvals_session };
  // Without a provider nobody has a session, and nothing need be sealed.
  if (provider === undefined) return { ...common, sealKeys: [] };
  const given = settings.approvals_session_keys;
  return { ...common, provider, sealKeys: given === undefined ? await sharedSealKeys(client, settings.namespace) : parseSealKeys(given) };
}

function providerOf(settings: Settings): CallersSettings['provider'] {
  const { approvals_oidc_issuer: issuer, approvals_oidc_client_id: clientId, approvals_oidc_audiences: audiences } = settings;
  if (issuer === undefined) return undefined;
  if (clientId === undefined) {
    throw new CountersignError(
      'InvalidConfiguration',
      'COUNTERSIGN_APPROVALS_OIDC_CLIENT_ID is not set, and COUNTERSIGN_APPROVALS_OIDC_ISSUER is; expected both, or neither.',
    );
  }
  return {
    issuer,
    clientId,
    clientSecret: settings.approvals_oidc_client_secret?.trim(),
    audiences: audiences.length === 0 ? [clientId] : audiences,
    scopes: settings.approvals_oidc_scopes,
    claims: {
      usernameClaim: settings.approvals_oidc_username_claim,
      usernamePrefix: settings.approvals_oidc_username_prefix,
      groupsClaim: settings.approvals_oidc_groups_claim,
      groupsPrefix: settings.approvals_oidc_groups_prefix,
      requiredClaims: Object.fromEntries(settings.approvals_oidc_required_claims),
    },
    algorithms: settings.approvals_oidc_algorithms,
    ca: settings.approvals_oidc_ca,
  };
}
