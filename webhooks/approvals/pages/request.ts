import type { RiskScore } from '../../../crds/v1alpha1/index.ts';
import { isSettled, outcomeOf, type KnownRequest } from '../requests.ts';
import { comparisonSection, type Past } from './comparison.ts';
import { html, type Html } from './html.ts';
import { badge, decisionsSection, stagesSection } from './stages.ts';
import type { SubjectSeen } from './subject.ts';
import { jsonText, moment, visible } from './text.ts';
import { coverageSection, workSection } from './work.ts';

/** A request with all that an approver should see before deciding. */
export interface Shown {
  readonly request: KnownRequest;
  readonly subject: SubjectSeen;
  /** The last approved run of the same. */
  readonly past: Past;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Who wants what, on one line. */
export function heading({ request }: Pick<Shown, 'request'>): Html {
  const { requester, namespace } = request;
  return html`
    <h1>${titleOf(request)}</h1>
    <p class="lead">
      <strong>${visible(requester.username)}</strong> asks for it in the namespace <strong>${visible(namespace)}</strong>. ${stateBadge(request)}
    </p>
  `;
}

/** The operation of a plain Job is its name, unless it says otherwise. */
export const titleOf = (request: KnownRequest): Html => {
  const { operation, subject } = request.spec;
  return operation === subject.resource?.name ? subjectText(request) : [visible(operation), ': ', subjectText(request)];
};

export function stateBadge(request: KnownRequest): Html {
  const outcome = outcomeOf(request);
  const kind = outcome === 'Pending' ? 'wait' : outcome === 'Approved' ? 'yes' : 'no';
  return badge(kind, request.status?.phase ?? 'New');
}

export function subjectText({ spec, name }: Pick<KnownRequest, 'spec' | 'name'>): Html {
  const { resource, external } = spec.subject;
  return visible(
    resource === undefined ? (external === undefined ? name : `${external.system} ${external.id}`) : `${resource.kind} ${resource.name}`,
  );
}

/** Everything about it, form aside. */
export const details = ({ request, subject, past, now }: Shown): Html => [
  factsSection({ request, subject, now }),
  workSection(subject),
  comparisonSection({ request, subject, past, now }),
  coverageSection(request, subject),
  stagesSection(request.status?.stages ?? [], now),
  decisionsSection(request.status?.decisions ?? [], now),
];

function factsSection({ request, subject, now }: Omit<Shown, 'past'>): Html {
  const { spec, status, requester } = request;
  const facts: [string, Html][] = [
    ['Asked by', requesterText(request)],
    ['Asked', moment(request.createdAt, now)],
    ['Reason', spec.reason === undefined ? none : visible(spec.reason, 'many')],
    ['Ticket', spec.ticket === undefined ? none : visible(spec.ticket)],
    ['What', whatText(request)],
    ...(requester.submittedBy === undefined ? [] : [['Submitted by', visible(requester.submittedBy)] as [string, Html]]),
    ...(status?.risk === undefined ? [] : [['Risk', riskText(status.risk)] as [string, Html]]),
    ...(spec.context === undefined ? [] : [['Context', html`<pre tabindex="0">${jsonText(spec.context)}</pre>`] as [string, Html]]),
    ...(status?.expiresAt === undefined || isSettled(request) ? [] : [['Expires', moment(status.expiresAt, now)] as [string, Html]]),
    ['Digest', digestText(request, subject)],
  ];
  return html`<section class="card" aria-labelledby="facts">
    <h2 id="facts">What is asked for</h2>
    <dl class="facts">${facts.map(([title, text]) => [html`<dt>${title}</dt>`, html`<dd>${text}</dd>`])}</dl>
  </section>`;
}

const none = html`<span class="soft">none given</span>`;

function requesterText({ requester, via }: KnownRequest): Html {
  const groups = requester.groups.filter((group) => !group.startsWith('system:'));
  return [
    visible(requester.username),
    groups.length === 0 ? null : html` <span class="soft">of ${visible(groups.join(', '))}</span>`,
    via === undefined ? null : html` <span class="soft">by way of ${visible(via)}</span>`,
  ];
}

function whatText(request: KnownRequest): Html {
  const { spec, name, namespace, governs } = request;
  const { external } = spec.subject;
  return [
    subjectText({ spec, name }),
    governs === undefined
      ? ', of which this is the record of a yes or no'
      : isSettled(request)
        ? null
        : ', which is held and runs once everybody who is asked has agreed',
    html` <span class="soft">(request ${visible(`${namespace}/${name}`)})</span>`,
    // Never a link: where it leads is the requester's word.
    external?.url === undefined ? null : html`<br /><code>${visible(external.url)}</code>`,
  ];
}

const riskText = ({ score, factors }: RiskScore): Html =>
  `${Math.round(score)} of 100 (criticality ${factors.criticality}, magnitude ${factors.magnitude}, blast radius ${factors.blastRadius}, earlier failures ${factors.historicalFailureRate})`;

function digestText(request: KnownRequest, { access, doubt }: SubjectSeen): Html {
  const digest = request.status?.subjectDigest;
  if (digest === undefined) return html`<span class="soft">none yet: the operator has not looked at it</span>`;
  const checked =
    access === 'forbidden' || access === 'gone'
      ? html`<span class="soft">not checked here: what it is of was not read</span>`
      : doubt === undefined
        ? html`<span class="soft">computed anew from what is shown here: the same</span>`
        : isSettled(request)
          ? html`<span class="soft">settled; what is stored now is not, or not any more, what was decided</span>`
          : html`<strong>${visible(doubt)}</strong>`;
  return [html`<code>${digest}</code>`, html`<br />`, checked];
}
