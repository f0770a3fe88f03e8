/** The verbs, in the order that help lists them. `approve` is what happens when no verb is given. */
export const verbs = [
  'approve',
  'comment',
  'list',
  'watch',
  'describe',
  'why',
  'wait',
  'override',
  'review',
  'reassign',
  'revoke',
  'simulate',
  'audit',
  'bypass',
  'completion',
  'version',
  'help',
] as const;
export type Verb = (typeof verbs)[number];

/** One flag of the command line. */
export interface Flag {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly multiple?: boolean;
  /** What the value is called in help. */
  readonly value?: string;
  readonly help: string;
  /** The verbs that know the flag; absent: all that talk to a cluster, as kubectl's own flags do. */
  readonly verbs?: readonly Verb[];
}

const deciding: readonly Verb[] = ['approve', 'comment', 'override', 'review', 'reassign', 'revoke'];
const printing: readonly Verb[] = [...deciding, 'list', 'watch', 'describe', 'why', 'wait', 'simulate', 'audit', 'bypass', 'version'];

/** Flags of single verbs. */
export const ownFlags = {
  reject: { type: 'boolean', help: 'Reject instead of approving.', verbs: ['approve'] },
  reason: { type: 'string', short: 'm', value: 'REASON', help: 'Why, in your words; kept with the decision.', verbs: deciding },
  ticket: { type: 'string', value: 'TICKET', help: 'The change or issue this belongs to.', verbs: deciding },
  answer: {
    type: 'string',
    multiple: true,
    value: 'NAME=VALUE',
    help: 'The answer to a question of the request; may be repeated. At a terminal you are asked for what is missing.',
    verbs: ['approve'],
  },
  standing: {
    type: 'string',
    value: 'RUNS/DURATION',
    help: 'Also approve so many further runs of the same for so long, such as 20/7d, where the policies allow it.',
    verbs: ['approve'],
  },
  selector: {
    type: 'string',
    short: 'l',
    value: 'SELECTOR',
    help: 'Every open request with these labels, or whose Job or GovernedJob has them, that waits for your vote.',
    verbs: ['approve'],
  },
  operation: {
    type: 'string',
    value: 'OPERATION',
    help: 'Every open request for this operation that waits for your vote.',
    verbs: ['approve'],
  },
  yes: { type: 'boolean', help: 'With -l or --operation: do not ask whether to go on.', verbs: ['approve'] },
  stage: { type: 'string', value: 'STAGE', help: 'The stage that is reassigned.', verbs: ['reassign'] },
  from: { type: 'string', value: 'USER', help: 'The user of the stage who is gone.', verbs: ['reassign'] },
  to: { type: 'string', value: 'USER', help: 'Who is asked instead.', verbs: ['reassign'] },
  mine: { type: 'boolean', help: 'Only requests that wait for your vote, also in the stead of others.', verbs: ['list'] },
  all: {
    type: 'boolean',
    help: 'list: settled requests too. bypass: what belongs to Kubernetes and to Countersign itself too.',
    verbs: ['list', 'bypass'],
  },
  'all-namespaces': { type: 'boolean', short: 'A', help: 'In all namespaces.', verbs: ['approve', 'list', 'watch', 'simulate', 'audit'] },
  for: { type: 'string', value: 'approved|settled|completed', help: 'What to wait for; approved when left out.', verbs: ['wait'] },
  filename: {
    type: 'string',
    short: 'f',
    multiple: true,
    value: 'FILE',
    help: 'A manifest, or - for what comes by standard input; may be repeated.',
    verbs: ['simulate'],
  },
  policy: { type: 'string', value: 'FILE', help: 'A changed or new policy: say what it would do.', verbs: ['simulate'] },
  timeout: {
    type: 'string',
    value: 'DURATION',
    help: 'How long to wait, such as 30s or 2h; without it, until it is settled.',
    verbs: ['wait'],
  },
  output: {
    type: 'string',
    short: 'o',
    value: 'FORMAT',
    help: 'json or yaml; most verbs also know name, and those that list, wide.',
    verbs: printing,
  },
} as const satisfies Record<string, Flag>;

/** kubectl's flags, with kubectl's names and meaning. */
export const kubectlFlags = {
  namespace: { type: 'string', short: 'n', value: 'NAMESPACE', help: 'The namespace; of the context when left out.' },
  context: { type: 'string', value: 'NAME', help: 'The kubeconfig context to use.' },
  kubeconfig: { type: 'string', value: 'FILE', help: 'The kubeconfig file to use.' },
  cluster: { type: 'string', value: 'NAME', help: 'The kubeconfig cluster to use.' },
  user: { type: 'string', value: 'NAME', help: 'The kubeconfig user to use.' },
  server: { type: 'string', short: 's', value: 'URL', help: 'The address of the API server.' },
  token: { type: 'string', value: 'TOKEN', help: 'A bearer token.' },
  as: { type: 'string', value: 'USER', help: 'Act as this user.' },
  'as-group': { type: 'string', multiple: true, value: 'GROUP', help: 'Act as a member of this group; may be repeated.' },
  'as-uid': { type: 'string', value: 'UID', help: 'Act with this uid.' },
  'certificate-authority': { type: 'string', value: 'FILE', help: 'The certificate authority of the API server.' },
  'insecure-skip-tls-verify': { type: 'boolean', help: "Do not check the API server's certificate." },
  'tls-server-name': { type: 'string', value: 'NAME', help: "The name in the API server's certificate." },
  'request-timeout': { type: 'string', value: 'DURATION', help: 'How long one request may take, such as 10s; 30s when left out.' },
} as const satisfies Record<string, Flag>;

const everywhere = { help: { type: 'boolean', short: 'h', help: 'Say how it is used.' } } as const satisfies Record<string, Flag>;

/** All flags there are. */
export const flags = { ...ownFlags, ...kubectlFlags, ...everywhere } satisfies Record<string, Flag>;
export type FlagName = keyof typeof flags;

/** The verbs that never talk to a cluster, and so know none of kubectl's flags. */
const offline: readonly Verb[] = ['completion', 'version', 'help'];

/** Whether the verb knows the flag. */
export function knows(verb: Verb, name: FlagName): boolean {
  if (name in everywhere) return true;
  const flag: Flag = flags[name];
  return flag.verbs === undefined ? !offline.includes(verb) : flag.verbs.includes(verb);
}
