import { expect } from 'vitest';
import type { Promised } from './attack.ts';
import { asBob, byBob } from './attacks/relay.ts';
import { decision, governedJob, oursPath, request } from './subjects.ts';
import { relayUser } from './world.ts';

const mark = (key: string): string => `countersign.dev/${key}`;

/** What the approval service's marks become. */
export const relayPromises: readonly Promised[] = (['approvalrequests', 'governedjobs'] as const).map((plural) => ({
  name: `of ${plural}, what the approval service asks for somebody keeps who that is, and says who submitted it`,
  guards: ['countersign-requester-stamp'],
  see: async (world, ns) => {
    const manifest = (plural === 'approvalrequests' ? request : governedJob)('it', {}, { annotations: asBob });
    const made = await world.as('relay').create(oursPath(ns, plural), manifest);
    expect(made.metadata.annotations).toMatchObject({ ...asBob, [mark('submitted-by')]: relayUser });
  },
}));

/** What the approval service is there for. Whether the person may is for admission to say. */
export const relayFreedoms: readonly Promised[] = [
  {
    name: 'the approval service relays decisions by each of its channels, and what takes a verb by Web',
    guards: [],
    see: async (world, ns) => {
      const r = await world.as('alice').create(oursPath(ns, 'approvalrequests'), request('r'));
      const decide = (spec: object) => world.as('relay').create(oursPath(ns, 'approvaldecisions'), decision(r, { ...byBob, ...spec }));
      for (const via of ['Web', 'Slack', 'Email']) expect((await decide({ via })).spec).toMatchObject({ ...byBob, via });
      await decide({ verdict: 'Override', ticket: 'INC-1' });
      await decide({ verdict: 'Reassign', reassign: { stage: 'finance', from: 'bob', to: 'carol' } });
    },
  },
  {
    name: 'the approval service relays what a service account decides, with the groups that are its own',
    guards: [],
    see: async (world, ns) => {
      const r = await world.as('alice').create(oursPath(ns, 'approvalrequests'), request('r'));
      const bot = {
        approver: 'system:serviceaccount:ci:bot',
        groups: ['system:serviceaccounts', 'system:serviceaccounts:ci', 'system:authenticated'],
      };
      await world.as('relay').create(oursPath(ns, 'approvaldecisions'), decision(r, { ...bot, via: 'Web' }));
    },
  },
  {
    name: 'the approval service cancels for somebody, and names them',
    guards: [],
    see: async (world, ns) => {
      const annotations = { [mark('cancelled-by')]: 'carol', [mark('cancelled-by-groups')]: 'canceller\nsystem:authenticated' };
      for (const [plural, manifest] of [
        ['approvalrequests', request('it')],
        ['governedjobs', governedJob('it')],
      ] as const) {
        await world.as('alice').create(oursPath(ns, plural), manifest);
        const patched = await world.as('relay').patch(oursPath(ns, plural, 'it'), { metadata: { annotations }, spec: { cancelled: true } });
        expect(patched.metadata.annotations).toMatchObject(annotations);
        await world.as('alice').patch(oursPath(ns, plural, 'it'), { metadata: { labels: { team: 'a' } } });
      }
    },
  },
];
