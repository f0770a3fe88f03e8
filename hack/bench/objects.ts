/** Paths and manifests that the scenarios share. */

export const jobsPath = (namespace: string): string => `/apis/batch/v1/namespaces/${namespace}/jobs`;
export const requestsPath = (namespace: string): string => `/apis/countersign.dev/v1alpha1/namespaces/${namespace}/approvalrequests`;
export const decisionsPath = (namespace: string): string => `/apis/countersign.dev/v1alpha1/namespaces/${namespace}/approvaldecisions`;
export const policiesPath = (namespace: string): string => `/apis/countersign.dev/v1alpha1/namespaces/${namespace}/approvalpolicies`;
export const governedJobsPath = (namespace: string): string => `/apis/countersign.dev/v1alpha1/namespaces/${namespace}/governedjobs`;

/** So many names with a common beginning. */
export const names = (prefix: string, n: number): string[] =>
  Array.from({ length: n }, (_, i) => `${prefix}-${String(i).padStart(5, '0')}`);

/** What a Job of the benchmark runs. `delay`: how long the fake kubelet lets its pod run; long, so that its end does not overlap with what is measured. */
export const jobSpec = (delay: string): object => ({
  backoffLimit: 0,
  template: {
    metadata: { annotations: { 'kwok.countersign.dev/delay': delay } },
    spec: {
      restartPolicy: 'Never',
      containers: [
        {
          name: 'main',
          image: 'registry.example.com/report:1.4.2',
          args: ['--month', 'october', '--format', 'csv'],
          env: [{ name: 'LOG_LEVEL', value: 'info' }],
          resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { cpu: '500m', memory: '256Mi' } },
        },
      ],
    },
  },
});

const longer = '1h';

export const job = (name: string, options: { suspend?: boolean; delay?: string } = {}): object => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name, labels: { 'app.kubernetes.io/name': 'report' } },
  spec: { ...jobSpec(options.delay ?? longer), ...(options.suspend === true ? { suspend: true } : {}) },
});

export const governedJob = (name: string, delay: string): object => ({
  apiVersion: 'countersign.dev/v1alpha1',
  kind: 'GovernedJob',
  metadata: { name },
  spec: { operation: 'report', parameters: { month: 'october' }, reason: 'Monthly report', jobTemplate: { spec: jobSpec(delay) } },
});

const match = [
  { apiGroups: ['batch'], kinds: ['Job'] },
  { apiGroups: ['countersign.dev'], kinds: ['GovernedJob'] },
];

/** Lets everything through by itself. */
export const autoPolicy = { ...policyHead(), spec: { match, autoApprove: [{ name: 'always', when: 'true' }] } };

/** One of the group `finance` must agree. */
export const onePersonPolicy = {
  ...policyHead(),
  spec: { match, stages: [{ name: 'finance', require: [{ count: 1, from: [{ group: 'finance' }] }] }] },
};

/** The same, of two people. */
export const twoPeopleStages = [{ name: 'finance', require: [{ count: 2, from: [{ group: 'finance' }] }] }];

function policyHead(): object {
  return { apiVersion: 'countersign.dev/v1alpha1', kind: 'ApprovalPolicy', metadata: { name: 'bench' } };
}

export interface Named {
  readonly name: string;
  readonly uid: string;
  readonly digest: string;
}

/** A person's yes to some requests, as they were shown. */
export const decision = (name: string, requests: readonly Named[]): object => ({
  apiVersion: 'countersign.dev/v1alpha1',
  kind: 'ApprovalDecision',
  metadata: { name },
  spec: { requests, verdict: 'Approve', reason: 'Looks right' },
});
