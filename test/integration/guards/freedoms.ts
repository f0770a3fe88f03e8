import { expect } from 'vitest';
import type { Promised } from './attack.ts';
import { eventually, Refusal, type Api, type Stored } from './api.ts';
import { accountPath, leaderPod, leasePath, nameLeader, type World } from './world.ts';
import * as s from './subjects.ts';

const gone = (by: Api, path: string): Promise<true> =>
  eventually(`${path} is gone`, () =>
    by.get(path).then(
      () => undefined,
      (error: unknown) => (error instanceof Refusal && error.status === 404 ? true : undefined),
    ),
  );
const running = (world: World, ns: string, name = 'work'): Promise<Stored> =>
  eventually('the Job runs', async () => {
    const seen = await world.admin.get(s.jobsPath(ns, name));
    return seen.status?.active === 1 ? seen : undefined;
  });
const failed = {
  type: 'Failed',
  status: 'True',
  reason: 'ApprovalRejected',
  message: 'no',
  lastTransitionTime: '2026-01-01T00:00:00Z',
  lastProbeTime: '2026-01-01T00:00:00Z',
};

/** What nobody asked us to govern is left alone. */
const ungoverned: Promised[] = [
  {
    name: 'an ungoverned Job runs, unmarked',
    guards: [],
    governed: false,
    see: async (world, ns) => {
      const made = await world.as('alice').create(s.jobsPath(ns), s.quickJob('work'));
      expect(made.metadata.annotations ?? {}).not.toHaveProperty('countersign.dev/requester');
      expect(made.spec.suspend).toBe(false);
      await eventually('it completes', async () =>
        (await world.admin.get(s.jobsPath(ns, 'work'))).status.succeeded === 1 ? true : undefined,
      );
      await world.as('alice').delete(s.jobsPath(ns, 'work'), { propagationPolicy: 'Foreground' });
      await gone(world.admin, s.jobsPath(ns, 'work'));
    },
  },
  {
    name: 'an ungoverned Job is suspended, changed and resumed at will',
    guards: [],
    governed: false,
    see: async (world, ns) => {
      await world.as('alice').create(s.jobsPath(ns), s.job('work', {}, { suspend: true }));
      await world.as('mallory').patch(s.jobsPath(ns, 'work'), { spec: { parallelism: 2 } });
      expect((await world.as('mallory').patch(s.jobsPath(ns, 'work'), { spec: { suspend: false } })).spec.suspend).toBe(false);
    },
  },
  {
    name: 'an ungoverned Job says what it likes in the annotations of authors, and takes it back',
    guards: [],
    governed: false,
    see: async (world, ns) => {
      await world
        .as('alice')
        .create(s.jobsPath(ns), s.job('work', { annotations: { 'countersign.dev/reason': 'one', 'countersign.dev/timeout': '1h' } }));
      await world
        .as('alice')
        .patch(s.jobsPath(ns, 'work'), { metadata: { annotations: { 'countersign.dev/reason': null, 'countersign.dev/ticket': 'T-1' } } });
    },
  },
  {
    name: "a Job made by hand from a CronJob is its maker's",
    guards: [],
    see: async (world, ns) => {
      const cron = await world.as('alice').create(s.cronJobsPath(ns), s.cronJob('nightly'));
      const { annotations } = cron.spec.jobTemplate.metadata;
      const marks = { ...s.ownedBy(cron), annotations: { ...annotations, 'cronjob.kubernetes.io/instantiate': 'manual' } };
      const made = await world.as('bob').create(s.jobsPath(ns), s.job('by-hand', marks));
      expect(made.metadata.annotations?.['countersign.dev/requester']).toBe('bob');
      expect(made.metadata.annotations).not.toHaveProperty(['countersign.dev/run-of']);
    },
  },
  {
    name: 'the same where no policy governs',
    guards: [],
    governed: false,
    see: async (world, ns) => {
      const cron = await world.as('alice').create(s.cronJobsPath(ns), s.cronJob('nightly'));
      await world.as('bob').create(s.jobsPath(ns), s.job('by-hand', { annotations: cron.spec.jobTemplate.metadata.annotations }));
    },
  },
  {
    name: 'leases of others are written by whoever may',
    guards: [],
    governed: false,
    see: async (world, ns) => {
      const leases = leasePath.replace(/namespaces\/[^/]+/, `namespaces/${ns}`);
      await world.as('alice').create(leases, { metadata: { name: 'countersign-controller' }, spec: { holderIdentity: 'alice' } });
      await world.as('alice').create(leasePath, { metadata: { name: `other-${ns}` }, spec: { holderIdentity: 'alice' } });
    },
  },
  {
    name: 'tokens of other service accounts are given',
    guards: [],
    governed: false,
    see: async (world, ns) => {
      const tokenRequest = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
      await eventually('a token', () => world.as('alice').create(`/api/v1/namespaces/${ns}/serviceaccounts/default/token`, tokenRequest));
    },
  },
  {
    name: 'a pod of a governed Job is labelled and ended by whoever may',
    guards: [],
    see: async (world, ns) => {
      await s.releasedJob(world, ns);
      await running(world, ns);
      const pods = (await world.admin.get(s.podsPath(ns))) as unknown as { items: Stored[] };
      const pod = s.podsPath(ns, pods.items[0]!.metadata.name);
      await world.as('alice').patch(pod, { metadata: { labels: { team: 'a' } } });
      await world.as('alice').patch(pod, { spec: { activeDeadlineSeconds: 400 } });
      await world.as('alice').delete(pod);
    },
  },
];

/** What stays possible with held and released Jobs. */
const governed: Promised[] = [
  {
    name: 'a held Job is deleted by its author',
    guards: [],
    see: async (world, ns) => {
      await s.heldJob(world, ns);
      await world.as('alice').delete(s.jobsPath(ns, 'work'), { propagationPolicy: 'Foreground' });
      await gone(world.admin, s.jobsPath(ns, 'work'));
    },
  },
  {
    name: 'labels and annotations of others change on a held and on a released Job',
    guards: [],
    see: async (world, ns) => {
      const theirs = {
        metadata: { labels: { 'app.kubernetes.io/instance': 'a' }, annotations: { 'argocd.argoproj.io/tracking-id': 'a' } },
      };
      await s.heldJob(world, ns);
      await world.as('mallory').patch(s.jobsPath(ns, 'work'), theirs);
      await world.as('operator').patch(s.jobsPath(ns, 'work'), s.releasePatch());
      await world.as('mallory').patch(s.jobsPath(ns, 'work'), { metadata: { labels: { 'app.kubernetes.io/instance': null } } });
    },
  },
  {
    name: 'a manifest without suspend is applied again to a held Job',
    guards: [],
    see: async (world, ns) => {
      const manifest = { apiVersion: 'batch/v1', kind: 'Job', ...s.job('work') };
      await world.as('alice').apply(s.jobsPath(ns, 'work'), manifest);
      const again = await world.as('alice').apply(s.jobsPath(ns, 'work'), manifest);
      expect(again.spec.suspend).toBe(true);
      expect(again.metadata.labels).toHaveProperty('countersign.dev/held', 'true');
    },
  },
  {
    name: 'a released Job runs, and is suspended and resumed by whoever may',
    guards: [],
    see: async (world, ns) => {
      await s.releasedJob(world, ns);
      await running(world, ns);
      await world.as('alice').patch(s.jobsPath(ns, 'work'), { spec: { suspend: true } });
      expect((await world.as('bob').patch(s.jobsPath(ns, 'work'), { spec: { suspend: false } })).spec.suspend).toBe(false);
    },
  },
  {
    name: 'a Job that has ended is given a time to live, and goes',
    guards: [],
    see: async (world, ns) => {
      await s.endedJob(world, ns);
      await world.as('alice').patch(s.jobsPath(ns, 'work'), { spec: { ttlSecondsAfterFinished: 0 } });
      await gone(world.admin, s.jobsPath(ns, 'work'));
    },
  },
  {
    name: 'the operator lifts the hold from a Job that its author suspended, and the author resumes it',
    guards: [],
    see: async (world, ns) => {
      await s.heldJob(world, ns, s.job('work', {}, { suspend: true }));
      await world.as('operator').patch(s.jobsPath(ns, 'work'), s.releasePatch({}, { suspend: true }));
      expect((await world.as('alice').patch(s.jobsPath(ns, 'work'), { spec: { suspend: false } })).spec.suspend).toBe(false);
    },
  },
  {
    name: 'the operator ends a refused Job as Failed, and its time to live runs',
    guards: [],
    see: async (world, ns) => {
      await s.heldJob(world, ns, s.job('work', {}, { ttlSecondsAfterFinished: 1 }));
      await eventually('the job controller has seen it', async () =>
        (await world.admin.get(s.jobsPath(ns, 'work'))).status?.conditions ? true : undefined,
      );
      const conditions = [{ ...failed, type: 'FailureTarget' }, failed];
      await world.as('operator').patch(s.jobsPath(ns, 'work', 'status'), { status: { startTime: '2026-01-01T00:00:00Z', conditions } });
      await gone(world.admin, s.jobsPath(ns, 'work'));
    },
  },
  {
    name: 'the operator has a released Job stopped, and it ends as Failed',
    guards: [],
    see: async (world, ns) => {
      await s.releasedJob(world, ns);
      await running(world, ns);
      const conditions = [{ ...failed, type: 'FailureTarget' }];
      await world.as('operator').patch(s.jobsPath(ns, 'work', 'status'), { status: { conditions } });
      await eventually('it has failed', async () => {
        const { status } = await world.admin.get(s.jobsPath(ns, 'work'));
        return JSON.stringify(status).includes('"Failed"') ? true : undefined;
      });
    },
  },
  {
    name: 'a namespace with held Jobs, requests and decisions is deleted',
    guards: [],
    see: async (world, ns) => {
      await s.heldJob(world, ns);
      const r = await world.as('operator').create(s.oursPath(ns, 'approvalrequests'), s.operatorRequest('r'));
      await world.as('bob').create(s.oursPath(ns, 'approvaldecisions'), s.decision(r));
      await world.as('alice').create(s.oursPath(ns, 'governedjobs'), s.governedJob('g'));
      await world.admin.delete(`/api/v1/namespaces/${ns}`);
      await gone(world.admin, `/api/v1/namespaces/${ns}`);
    },
  },
];

/** What people and the operator do with our kinds. */
const kinds: Promised[] = [
  {
    name: 'a requester changes and cancels her own request',
    guards: [],
    see: async (world, ns) => {
      await world.as('alice').create(s.oursPath(ns, 'approvalrequests'), s.request('r'));
      await world.as('alice').patch(s.oursPath(ns, 'approvalrequests', 'r'), { spec: { reason: 'because', context: { amount: 2 } } });
      await world.as('alice').patch(s.oursPath(ns, 'approvalrequests', 'r'), { spec: { cancelled: true } });
    },
  },
  {
    name: 'a requester cancels the request that the operator made for her Job',
    guards: [],
    see: async (world, ns) => {
      await world.as('operator').create(s.oursPath(ns, 'approvalrequests'), s.operatorRequest('r'));
      await world.as('alice').patch(s.oursPath(ns, 'approvalrequests', 'r'), { spec: { cancelled: true } });
    },
  },
  {
    name: "whoever has the verb cancel cancels another's request and GovernedJob",
    guards: [],
    see: async (world, ns) => {
      await world.as('operator').create(s.oursPath(ns, 'approvalrequests'), s.operatorRequest('r'));
      await world.as('alice').create(s.oursPath(ns, 'governedjobs'), s.governedJob('g'));
      await world.as('carol').patch(s.oursPath(ns, 'approvalrequests', 'r'), { spec: { cancelled: true } });
      await world.as('carol').patch(s.oursPath(ns, 'governedjobs', 'g'), { spec: { cancelled: true } });
    },
  },
  {
    name: 'a request is applied twice from the same manifest',
    guards: [],
    see: async (world, ns) => {
      const path = s.oursPath(ns, 'approvalrequests', 'r');
      await world.as('alice').apply(path, s.request('r'));
      const again = await world.as('alice').apply(path, s.request('r', { reason: 'now with one' }));
      expect(again.metadata.annotations).toHaveProperty('countersign.dev/requester', 'alice');
    },
  },
  {
    name: 'labels and annotations of others change on a request',
    guards: [],
    see: async (world, ns) => {
      await world.as('alice').create(s.oursPath(ns, 'approvalrequests'), s.request('r', {}, { labels: { team: 'a' } }));
      await world.as('bob').patch(s.oursPath(ns, 'approvalrequests', 'r'), {
        metadata: { labels: { team: 'b' }, annotations: { 'argocd.argoproj.io/tracking-id': 'a' } },
      });
    },
  },
  {
    name: 'a GovernedJob is edited and deleted by its author',
    guards: [],
    see: async (world, ns) => {
      await world.as('alice').create(s.oursPath(ns, 'governedjobs'), s.governedJob('g'));
      await world.as('alice').patch(s.oursPath(ns, 'governedjobs', 'g'), { spec: { jobTemplate: { spec: { parallelism: 2 } } } });
      await world.as('alice').delete(s.oursPath(ns, 'governedjobs', 'g'), { propagationPolicy: 'Foreground' });
      await gone(world.admin, s.oursPath(ns, 'governedjobs', 'g'));
    },
  },
  {
    name: 'an approver who fills in what is true of him is let in',
    guards: [],
    see: async (world, ns) => {
      const r = await world.as('alice').create(s.oursPath(ns, 'approvalrequests'), s.request('r'));
      const stamped = { approver: 'bob', groups: ['finance', 'system:authenticated'], via: 'Kubernetes' };
      await world.as('bob').create(s.oursPath(ns, 'approvaldecisions'), s.decision(r, stamped));
    },
  },
  {
    name: 'an approver delegates, changes it, applies it again and takes it back',
    guards: [],
    see: async (world, ns) => {
      const path = s.oursPath(ns, 'approvaldelegations', 'away');
      await world.as('bob').apply(path, s.delegation('bob', 'alice'));
      await world.as('bob').apply(path, s.delegation('bob', 'alice', { notAfter: '2030-01-01T00:00:00Z' }));
      await world.as('bob').patch(path, { spec: { reason: 'on leave' } });
      await world.as('bob').delete(path);
    },
  },
  {
    name: 'whoever has the verb delegate delegates for others, changes and ends what they delegated',
    guards: [],
    see: async (world, ns) => {
      const path = s.oursPath(ns, 'approvaldelegations', 'away');
      await world.as('dora').create(s.oursPath(ns, 'approvaldelegations'), s.delegation('bob', 'alice'));
      await world.as('dora').patch(path, { spec: { reason: 'ill' } });
      await world.as('bob').patch(path, { spec: { notAfter: '2030-01-01T00:00:00Z' } });
      await world.as('dora').delete(path);
    },
  },
  {
    name: 'a delegation goes with its namespace',
    guards: [],
    see: async (world, ns) => {
      await world.as('bob').create(s.oursPath(ns, 'approvaldelegations'), s.delegation('bob', 'alice'));
      await world.admin.delete(`/api/v1/namespaces/${ns}`);
      await gone(world.admin, `/api/v1/namespaces/${ns}`);
    },
  },
  {
    name: 'whoever has the verbs overrides and reassigns, and anybody reviews and comments',
    guards: [],
    see: async (world, ns) => {
      const r = await world.as('alice').create(s.oursPath(ns, 'approvalrequests'), s.request('r'));
      const decisions = s.oursPath(ns, 'approvaldecisions');
      await world.as('dora').create(decisions, s.decision(r, { verdict: 'Override', ticket: 'INC-1' }));
      await world
        .as('dora')
        .create(decisions, s.decision(r, { verdict: 'Reassign', reassign: { stage: 'finance', from: 'bob', to: 'carol' } }));
      await world.as('mallory').create(decisions, s.decision(r, { verdict: 'Review' }));
      await world.as('mallory').create(decisions, s.decision(r, { verdict: 'Comment' }));
    },
  },
  {
    name: 'the operator writes statuses, and deletes requests and decisions whose time is over',
    guards: [],
    see: async (world, ns) => {
      const operator = world.as('operator');
      const r = await world.as('alice').create(s.oursPath(ns, 'approvalrequests'), s.request('r'));
      await world.as('alice').create(s.oursPath(ns, 'governedjobs'), s.governedJob('g'));
      const d = await world.as('bob').create(s.oursPath(ns, 'approvaldecisions'), s.decision(r));
      await operator.patch(s.oursPath(ns, 'approvalrequests', 'r', 'status'), { status: { phase: 'Reviewing', observedGeneration: 1 } });
      await operator.patch(s.oursPath(ns, 'governedjobs', 'g', 'status'), { status: { phase: 'Pending', observedGeneration: 1 } });
      await operator.delete(s.oursPath(ns, 'approvaldecisions', d.metadata.name));
      await operator.delete(s.oursPath(ns, 'approvalrequests', 'r'));
    },
  },
  {
    name: 'the leader names itself',
    guards: [],
    see: async (world) => {
      await nameLeader(world.as('operator'), leaderPod);
    },
  },
  {
    name: "others change the rest of the operator's account, as helm upgrade and cloud providers do",
    guards: [],
    see: async (world) => {
      const change = { metadata: { labels: { team: 'platform' }, annotations: { 'example.com/role': 'none' } } };
      await world.admin.patch(`${accountPath}/countersign`, change);
    },
  },
  {
    name: 'the leader renews its lease',
    guards: [],
    see: async (world) => {
      await world.as('operator').patch(`${leasePath}/countersign-controller`, { spec: { renewTime: '2026-01-01T00:00:00.000000Z' } });
    },
  },
];

export const freedoms: readonly Promised[] = [...ungoverned, ...governed, ...kinds];
