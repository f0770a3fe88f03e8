import { expect } from 'vitest';
import { until } from '../../fixtures/world.ts';
import { asks, create, oneOf, policy, rbac, refusal, sampled, stagesOf, typeOf, type Check } from './support.ts';

/** Admission says what is wrong with config as soon as the API server knows the webhook. */
const admitted: Check = async (ns, file) => {
  const sample = oneOf(ns, file, (_spec, object) => {
    object.metadata.name = ns.name;
  });
  const type = typeOf(sample);
  try {
    const { status } = await create(ns, ns.admin, sample);
    // Nobody but the approval service says how it stands.
    expect(status).toBeUndefined();
    const wrong = {
      ...sample,
      metadata: { ...sample.metadata, name: `${ns.name}-wrong` },
      spec: { ...sample.spec, config: { nonsense: true } },
    };
    const said = await until('told what is wrong', () =>
      refusal(create(ns, ns.admin, wrong)).catch(async () => {
        await ns.admin
          .delete(type, { namespace: type.namespaced ? ns.name : undefined, name: `${ns.name}-wrong` } as never)
          .catch(() => undefined);
        return undefined;
      }),
    );
    expect(said).toContain('spec.config.nonsense: there is no such field for this type; remove it');
    const pigeon = { ...wrong, spec: { ...wrong.spec, config: {}, type: 'Pigeon' } };
    expect(await refusal(create(ns, ns.admin, pigeon))).toMatch(/spec\.type: Unsupported value: "Pigeon"/);
  } finally {
    if (!type.namespaced) await ns.admin.delete(type, { name: ns.name });
  }
};

const told: Check = async (ns, file) => {
  await policy(ns, file);
  const asked = await asks(ns, 'transfer', 'wire-transfer', { reason: 'because' });
  const open = await ns.requestIn('Reviewing', asked.metadata.name);
  expect(stagesOf(open)).toEqual(['finance Active']);
};

const secrets: Check = async (ns, file) => {
  await rbac(ns, file);
  expect(sampled(ns, file)).toHaveLength(2);
};

/** Where people are told. */
export const channels: Readonly<Record<string, Check>> = {
  'channel-smtp.yaml': admitted,
  'channel-slack.yaml': (ns, file) => admitted(ns, file),
  'channel-pagerduty.yaml': (ns, file) => admitted(ns, file),
  'channel-servicenow.yaml': (ns, file) => admitted(ns, file),
  'channel-teams.yaml': (ns, file) => admitted(ns, file),
  'channel-webhook.yaml': (ns, file) => admitted(ns, file),
  'policy-notify.yaml': told,
  'rbac/channel-secrets.yaml': secrets,
  'rbac/callback-secret.yaml': secrets,
};
