import { expect, it } from 'vitest';
import { ownPlatform } from '../../fixtures/ownPlatform.ts';
import { job, matchJobs, resources, until } from '../../fixtures/world.ts';
import { auditCases } from './audits.ts';
import { financeAgrees } from './support.ts';

// Of its own, because the operator has to hold by webhooks here, and because what it counts must not be mixed with what other tests do.
const { inNamespace, platform } = ownPlatform({ set: { holdMode: 'Webhook' } });

auditCases(inNamespace);

it(
  'what an audit would hold is counted, by the kind of the policy and the operation',
  inNamespace(async (ns) => {
    await ns.policy('pay', { ...financeAgrees, match: matchJobs, enforcement: 'Audit' });
    const metadata = { annotations: { 'countersign.dev/operation': 'counted' } };
    await (await ns.as('alice')).create(resources.jobs, ns.name, job('one', { metadata }));
    await (await ns.as('alice')).create(resources.jobs, ns.name, job('two', { metadata }));
    const line = 'countersign_audit_would_hold_total{policy_kind="ApprovalPolicy",function_name="counted"} 2';
    const scrape = async (): Promise<string> => (await fetch(`${platform().operator.healthUrl}/metrics`)).text();
    await until('both are counted', async () => ((await scrape()).includes(line) ? true : undefined));
    expect(await scrape()).toContain(line);
  }),
);
