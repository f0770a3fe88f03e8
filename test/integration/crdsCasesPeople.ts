/* eslint-disable @typescript-eslint/no-unsafe-return -- samples are changed as the JSON they are */
import type { Manifest } from './crdsSupport.ts';
import type { Refusal } from './crdsCases.ts';

const stage = (spec: Manifest): Manifest => spec.stages[0] as Manifest;

/** What cannot be created, of who decides in whose stead, how they decide, and by when. */
export const refusedOfPeople: Refusal[] = [
  [
    'a delegation to oneself',
    'delegation.yaml',
    (spec) => (spec.to = spec.from),
    /^spec\.to: .*was carla@corp, which is also from: name somebody else/,
  ],
  [
    'a delegation that is over before it begins',
    'delegation.yaml',
    (spec) => (spec.notAfter = '2026-12-19T00:00:00Z'),
    /^spec\.notAfter: .*must be later than notBefore/,
  ],
  [
    'a delegation that is over before it begins, by the clocks of two places',
    'delegation.yaml',
    (spec) => Object.assign(spec, { notBefore: '2026-12-20T10:00:00Z', notAfter: '2026-12-20T11:00:00+02:00' }),
    /^spec\.notAfter: .*must be later than notBefore/,
  ],
  ['a delegation until no time', 'delegation.yaml', (spec) => (spec.notAfter = 'tomorrow'), /^spec\.notAfter: .*date-time/],
  ['a delegation to nobody', 'delegation.yaml', (spec) => (spec.to = ''), /^spec\.to: .*should be at least 1 chars long/],
  [
    'a reassignment that names nobody',
    'decision-reassign.yaml',
    (spec) => delete spec.reassign,
    /^spec.*: .*reassign and the verdict Reassign belong together/,
  ],
  [
    'an approval that reassigns',
    'decision-reassign.yaml',
    (spec) => (spec.verdict = 'Approve'),
    /^spec.*: .*reassign and the verdict Reassign belong together/,
  ],
  [
    'a rejection of runs to come',
    'decision-standing.yaml',
    (spec) => (spec.verdict = 'Reject'),
    /^spec.*: .*standing goes with the verdict Approve alone/,
  ],
  ['an override without a ticket', 'decision-override.yaml', (spec) => delete spec.ticket, /^spec.*: .*an Override needs a ticket/],
  [
    'an override of two requests',
    'decision-override.yaml',
    (spec) => (spec.requests = [spec.requests[0], { ...spec.requests[0], name: 'other', uid: 'uid-2' }]),
    /^spec.*: .*an Override is about one request/,
  ],
  [
    'a question whose answer must fit a pattern, though it is no text',
    'request-questions.yaml',
    (spec) => (spec.questions[1].pattern = 'yes'),
    /^spec\.questions\[1\].*: .*a pattern is for the type Text alone/,
  ],
  [
    'an escalation to nobody',
    'policy-escalation.yaml',
    (spec) => delete stage(spec).escalation,
    /^spec\.stages\[0\].*: .*onTimeout Escalate and escalation belong together/,
  ],
  [
    'an escalation that never comes',
    'policy-escalation.yaml',
    (spec) => (stage(spec).onTimeout = 'Expire'),
    /^spec\.stages\[0\].*: .*onTimeout Escalate and escalation belong together/,
  ],
  [
    'an end of a time that never ends',
    'policy-escalation.yaml',
    (spec) => delete stage(spec).timeout,
    /^spec\.stages\[0\].*: .*onTimeout needs a timeout/,
  ],
  ['somebody as their own manager', 'approver.yaml', (spec) => (spec.manager = spec.username), /^spec.*: .*nobody is their own manager/],
];

/** What cannot be changed, of the same. */
export const unchangedOfPeople: Refusal[] = [
  ['a delegation to be of somebody else', 'delegation.yaml', (spec) => (spec.from = 'eve@corp'), /^spec: .*from and to never change/],
  ['a delegation to be to somebody else', 'delegation.yaml', (spec) => (spec.to = 'eve@corp'), /^spec: .*from and to never change/],
];
