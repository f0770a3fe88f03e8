import type { Ask } from './bypassRbac.ts';

/** How far somebody gets with it. */
export const severities = ['critical', 'high', 'medium', 'low'] as const;
export type Severity = (typeof severities)[number];

/** Where a right matters: in any namespace, in the operator's own, or where Jobs are governed. */
export type Where = 'anywhere' | 'operator' | 'governed';

/** A right by which the gate can be evaded. */
export interface Power {
  readonly id: string;
  readonly severity: Severity;
  /** What they can do. */
  readonly title: string;
  /** What comes of it. */
  readonly why: string;
  /** What to do about it. */
  readonly todo: string;
  readonly where: Where;
  readonly asks: readonly Ask[];
  /** The guard that refuses it, where it stands; then it is worth little. */
  readonly guard?: string;
}

/** What the powers are about. */
export interface Installation {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly lease: string;
}

const writing = ['create', 'update', 'patch', 'delete', 'deletecollection'];
const changing = ['create', 'update', 'patch'];
const to = (group: string, resources: readonly string[], verbs: readonly string[], name?: string): Ask[] =>
  resources.map((resource) => ({ group, resource, verbs, ...(name === undefined ? {} : { name }) }));

/** The same of resources that have no namespace. */
const ofCluster = (asks: readonly Ask[]): Ask[] => asks.map((ask) => ({ ...ask, clusterScoped: true }));

const ourKinds = [
  'approvalrequests',
  'approvaldecisions',
  'governedjobs',
  'approvalpolicies',
  'clusterapprovalpolicies',
  'approvaldelegations',
  'approvers',
];

const admissionKinds = [
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
  'validatingwebhookconfigurations',
  'mutatingwebhookconfigurations',
];

/** Kinds that make pods and that no policy governs. */
const otherWorkloads: Ask[] = [
  ...to('apps', ['deployments', 'daemonsets', 'statefulsets', 'replicasets'], changing),
  ...to('', ['replicationcontrollers'], changing),
];

/** Every right by which somebody could get past, worst first. */
export function powersOf({ namespace, serviceAccount, lease }: Installation): readonly Power[] {
  return [...overGuards(), ...asOthers(), ...asOperator(namespace, serviceAccount, lease), ...besidesJobs(), ...overRules()];
}

function overGuards(): Power[] {
  return [
    {
      id: 'admission',
      severity: 'critical',
      title: 'write admission policies, bindings or webhooks',
      why: 'The guards are admission objects, and admission cannot protect itself: whoever writes them can switch the gate off.',
      todo: 'Leave this to the operator and to break-glass accounts, and have the audit log tell of every write to admissionregistration.k8s.io.',
      where: 'anywhere',
      asks: ofCluster(to('admissionregistration.k8s.io', admissionKinds, writing)),
    },
    {
      id: 'crds',
      severity: 'critical',
      title: 'change or delete the CustomResourceDefinitions',
      why: 'Deleting one deletes all requests, decisions and policies; changing its schema takes the rules out that they must keep.',
      todo: 'Leave customresourcedefinitions to whoever installs Countersign.',
      where: 'anywhere',
      asks: ofCluster(
        ourKinds.flatMap((kind) =>
          to(
            'apiextensions.k8s.io',
            ['customresourcedefinitions'],
            ['update', 'patch', 'delete', 'deletecollection'],
            `${kind}.countersign.dev`,
          ),
        ),
      ),
    },
    {
      id: 'rbac',
      severity: 'critical',
      title: 'give themselves any right (escalate or bind on roles)',
      why: 'Whoever may escalate or bind can make themselves an approver, or give themselves any other right in this list.',
      todo: 'Take escalate and bind on roles and clusterroles away from everybody but break-glass accounts.',
      where: 'governed',
      asks: [
        ...ofCluster(to('rbac.authorization.k8s.io', ['clusterroles'], ['escalate', 'bind'])),
        ...to('rbac.authorization.k8s.io', ['roles'], ['escalate', 'bind']),
      ],
    },
    {
      id: 'certificates',
      severity: 'critical',
      title: 'sign client certificates',
      why: 'A client certificate makes its holder whoever it names: an approver, or the operator.',
      todo: 'Leave approving certificatesigningrequests, and signers, to the cluster itself.',
      where: 'anywhere',
      asks: ofCluster(
        to('certificates.k8s.io', ['certificatesigningrequests/approval', 'certificatesigningrequests/status'], ['update', 'patch']),
      ),
    },
    {
      id: 'nodes',
      severity: 'high',
      title: 'act on nodes or through them',
      why: 'Whoever reaches the kubelet (nodes/proxy) or makes nodes theirs runs anything in any pod, without the API server seeing what.',
      todo: 'Take nodes/proxy and writing nodes away from people; use pods/log and metrics for what it was meant for.',
      where: 'anywhere',
      asks: ofCluster([...to('', ['nodes/proxy'], ['get', 'create', 'update', 'patch', 'delete']), ...to('', ['nodes'], changing)]),
    },
    {
      id: 'rbac-write',
      severity: 'medium',
      title: 'write roles or bindings',
      why: 'RBAC lets nobody grant more than they have, so this only hands on what somebody has; but it does so without anybody else.',
      todo: 'Have roles and bindings come from where changes are reviewed.',
      where: 'governed',
      asks: [
        ...ofCluster(to('rbac.authorization.k8s.io', ['clusterroles', 'clusterrolebindings'], changing)),
        ...to('rbac.authorization.k8s.io', ['roles', 'rolebindings'], changing),
      ],
    },
  ];
}

function asOthers(): Power[] {
  return [
    {
      id: 'impersonate',
      severity: 'critical',
      title: 'impersonate users, groups, uids, or ServiceAccounts of every namespace',
      why: 'Whoever acts as an approver decides as that approver; the decision names the approver and not them.',
      todo: 'Keep impersonation to break-glass accounts, or limit it by resourceNames to names that approve nothing; look for impersonatedUser in the audit log.',
      where: 'anywhere',
      asks: [
        ...ofCluster(to('', ['users', 'groups', 'serviceaccounts'], ['impersonate'])),
        ...ofCluster(to('authentication.k8s.io', ['uids', 'userextras'], ['impersonate'])),
      ],
    },
    {
      id: 'impersonate-serviceaccounts',
      severity: 'high',
      title: 'impersonate ServiceAccounts',
      why: 'Whoever acts as a ServiceAccount has its rights, those of a pipeline that may approve among them. The ClusterRoles edit and admin of Kubernetes let people do so.',
      todo: 'Let no ServiceAccount approve where others may act as it, or give those who deploy a Role of your own in place of edit.',
      where: 'anywhere',
      asks: to('', ['serviceaccounts'], ['impersonate']),
    },
  ];
}

function asOperator(namespace: string, serviceAccount: string, lease: string): Power[] {
  return [
    {
      id: 'operator-token',
      severity: 'critical',
      title: `create tokens of the operator's ServiceAccount ${namespace}/${serviceAccount}`,
      why: "Whoever holds such a token acts with the operator's rights.",
      todo: `Take create on serviceaccounts/token away in namespace ${namespace}.`,
      where: 'operator',
      asks: to('', ['serviceaccounts/token'], ['create'], serviceAccount),
      guard: 'countersign-operator-token',
    },
    {
      id: 'relay-token',
      severity: 'critical',
      title: `create tokens of the approval service's ServiceAccount ${namespace}/${serviceAccount}-approvals`,
      why: 'Whoever acts as one of its pods decides for anybody who may decide, wherever a stage takes a weaker channel than Kubernetes.',
      todo: `Take create on serviceaccounts/token away in namespace ${namespace}.`,
      where: 'operator',
      asks: to('', ['serviceaccounts/token'], ['create'], `${serviceAccount}-approvals`),
      guard: 'countersign-operator-token',
    },
    {
      id: 'operator-pods',
      severity: 'critical',
      title: `run or enter pods in the operator's namespace ${namespace}`,
      why: 'A pod there can run as the operator or as the approval service, and whoever enters their pods has their token and their name.',
      todo: `Let nobody but whoever installs Countersign run, change or enter pods in namespace ${namespace}; run nothing else there.`,
      where: 'operator',
      asks: [
        ...to('', ['pods'], changing),
        ...to('', ['pods/exec', 'pods/attach', 'pods/portforward'], ['create', 'get']),
        ...to('', ['pods/ephemeralcontainers'], ['update', 'patch']),
        ...to('batch', ['jobs', 'cronjobs'], changing),
        ...otherWorkloads,
      ],
    },
    {
      id: 'operator-secrets',
      severity: 'high',
      title: `read or write Secrets in the operator's namespace ${namespace}`,
      why: 'The certificate of the webhooks is there, and the keys by which the approval service knows who signed in; and a Secret of type service-account-token would be given a token of the operator.',
      todo: `Take secrets of namespace ${namespace} away from everybody but whoever installs Countersign.`,
      where: 'operator',
      asks: to('', ['secrets'], ['get', 'list', 'watch', ...changing]),
    },
    {
      id: 'lease',
      severity: 'high',
      title: `write the leader's Lease ${namespace}/${lease}`,
      why: 'The lease says which pod may release work.',
      todo: `Take writing leases away in namespace ${namespace}.`,
      where: 'operator',
      asks: to('coordination.k8s.io', ['leases'], ['create', 'update', 'patch', 'delete', 'deletecollection'], lease),
      guard: 'countersign-leader-lease',
    },
  ];
}

function besidesJobs(): Power[] {
  return [
    {
      id: 'pods',
      severity: 'high',
      title: 'run pods that are no Job, where Jobs are governed',
      why: 'What a governed Job would do, a pod, a Deployment or the like does without asking anybody.',
      todo: 'Let those who deploy only create Jobs and CronJobs there, or keep what needs approval in namespaces of its own, with its own ServiceAccounts and Secrets.',
      where: 'governed',
      asks: [...to('', ['pods'], ['create']), ...otherWorkloads],
    },
    {
      id: 'exec',
      severity: 'high',
      title: 'enter or change running pods, where Jobs are governed',
      why: 'Whoever runs commands in a pod, or adds a container to it, runs what nobody approved with the rights of what was approved.',
      todo: 'Take pods/exec, pods/attach and pods/ephemeralcontainers away there.',
      where: 'governed',
      asks: [
        ...to('', ['pods/exec', 'pods/attach'], ['create', 'get']),
        ...to('', ['pods/ephemeralcontainers'], ['update', 'patch']),
        ...to('', ['pods'], ['update', 'patch']),
      ],
    },
    {
      id: 'status',
      severity: 'medium',
      title: 'write the status of Jobs or pods, where Jobs are governed',
      why: 'Whoever writes a status can have a Job counted as done that did not do it. Held Jobs themselves are guarded.',
      todo: 'Take jobs/status and pods/status away from everybody but the controllers of Kubernetes.',
      where: 'governed',
      asks: [...to('batch', ['jobs/status'], ['update', 'patch']), ...to('', ['pods/status'], ['update', 'patch'])],
    },
  ];
}

function overRules(): Power[] {
  return [
    {
      id: 'our-status',
      severity: 'high',
      title: 'write the status of requests, governed jobs or policies',
      why: 'A status is computed from facts and never read back, so nothing is released by it; but people would be shown what is not so.',
      todo: 'Take update and patch on the status of countersign.dev away from everybody but the operator.',
      where: 'governed',
      asks: to(
        'countersign.dev',
        ['approvalrequests/status', 'governedjobs/status', 'approvalpolicies/status', 'clusterapprovalpolicies/status'],
        ['update', 'patch'],
      ),
      guard: 'countersign-status-guard',
    },
    {
      id: 'approvers',
      severity: 'high',
      title: 'say whose mail address and Slack account is whose, who is in which group and whose manager (Approvers)',
      why: 'Whoever is reached by the mail address or the Slack id of an approver decides as that approver, where a stage takes those channels.',
      todo: 'Grant writing approvers to those who keep the directory of people, and to nobody who asks for anything.',
      where: 'anywhere',
      asks: ofCluster(to('countersign.dev', ['approvers'], writing)),
    },
    {
      id: 'policies',
      severity: 'medium',
      title: 'change or delete policies',
      why: 'What is held stays held, but what is created later is governed by what the policies say then.',
      todo: 'Have policies come from where changes are reviewed, and let others only read them.',
      where: 'governed',
      asks: [
        ...to('countersign.dev', ['approvalpolicies'], ['update', 'patch', 'delete', 'deletecollection']),
        ...ofCluster(to('countersign.dev', ['clusterapprovalpolicies'], ['update', 'patch', 'delete', 'deletecollection'])),
      ],
    },
    {
      id: 'delegations',
      severity: 'medium',
      title: 'write delegations for others',
      why: 'Admission lets only the person, or whoever has the verb delegate, hand a vote on.',
      todo: 'Grant the verb delegate to those who keep the directory of people.',
      where: 'governed',
      asks: to('countersign.dev', ['approvaldelegations'], ['delegate']),
    },
    {
      id: 'namespaces',
      severity: 'medium',
      title: 'label namespaces',
      why: 'Where a ClusterApprovalPolicy selects namespaces by their labels, new work is not governed any more once the label is gone.',
      todo: 'Take update and patch on namespaces away from those who are governed, or select by kubernetes.io/metadata.name, which nobody can change.',
      where: 'governed',
      asks: to('', ['namespaces'], ['update', 'patch', 'create']),
    },
  ];
}
