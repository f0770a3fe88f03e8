/** The verbs, in the order that help lists them. `approve` is what happens when no verb is given. */
export const verbs = ['approve', 'comment', 'list', 'describe', 'why', 'wait', 'completion', 'version', 'help'] as const;
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

const deciding: readonly Verb[] = ['approve', 'comment'];
const printing: readonly Verb[] = ['approve', 'comment', 'list', 'describe', 'why', 'wait', 'version'];

/** Flags of single verbs. */
export const ownFlags = {
  reject: { type: 'boolean', help: 'Reject instead of approving.', verbs: ['approve'] },
  reason: { type: 'string', short: 'm', value: 'REASON', help: 'Why, in your words; kept with the decision.', verbs: deciding },
  ticket: { type: 'string', value: 'TICKET', help: 'The change or issue this belongs to.', verbs: deciding },
  mine: { type: 'boolean', help: 'Only requests that wait for your vote.', verbs: ['list'] },
  all: { type: 'boolean', help: 'Settled requests too.', verbs: ['list'] },
  'all-namespaces': { type: 'boolean', short: 'A', help: 'In all namespaces.', verbs: ['list'] },
  for: { type: 'string', value: 'approved|settled|completed', help: 'What to wait for; approved when left out.', verbs: ['wait'] },
  timeout: {
    type: 'string',
    value: 'DURATION',
    help: 'How long to wait, such as 30s or 2h; without it, until it is settled.',
    verbs: ['wait'],
  },
  output: { type: 'string', short: 'o', value: 'FORMAT', help: 'json, yaml or name; list also knows wide.', verbs: printing },
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
