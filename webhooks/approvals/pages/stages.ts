import type { DecisionRecord, ResolvedStage } from '../../../crds/v1alpha1/index.ts';
import { describeFrom } from '../../../operator/core/explain.ts';
import { html, type Html } from './html.ts';
import { moment, visible } from './text.ts';

type Kind = 'yes' | 'no' | 'wait' | '';

const stateKinds: Readonly<Record<ResolvedStage['state'], Kind>> = {
  Waiting: '',
  Active: 'wait',
  Escalated: 'wait',
  Satisfied: 'yes',
  Rejected: 'no',
  Skipped: '',
  Expired: 'no',
};

export const badge = (kind: Kind, text: string): Html => html`<span class=${`badge ${kind}`}>${visible(text)}</span>`;

/** Who is asked, in which order, and who has answered. */
export const stagesSection = (stages: readonly ResolvedStage[], now: number): Html =>
  html`<section class="card" aria-labelledby="stages">
    <h2 id="stages">Who is asked</h2>
    ${
      stages.length === 0
        ? html`<p>Nobody is asked yet.</p>`
        : html`<ol>
            ${stages.map((stage) => stageItem(stage, now))}
          </ol>`
    }
  </section>`;

function stageItem(stage: ResolvedStage, now: number): Html {
  const { name, state, approvals, required, require, escalation, rejectedBy = [], deadline, policy } = stage;
  const approvedBy = [...require, ...(escalation === undefined ? [] : [escalation])].flatMap((r) => r.approvedBy ?? []);
  return html`<li>
    <strong>${visible(name)}</strong> ${badge(stateKinds[state], state)} ${approvals} of ${required}
    ${policy === undefined ? ', asked for by the request itself' : [', by ', policy.kind, ' ', visible(policy.name)]}
    <ul>
      ${require.map((r) => html`<li>${r.count} from ${visible(describeFrom(r))}</li>`)}
      ${state === 'Escalated' && escalation !== undefined ? html`<li>or, as its time was over, ${escalation.count} from ${visible(describeFrom(escalation))}</li>` : null}
      ${approvedBy.length === 0 ? null : html`<li>Approved by ${visible([...new Set(approvedBy)].join(', '))}</li>`}
      ${rejectedBy.length === 0 ? null : html`<li>Rejected by ${visible(rejectedBy.join(', '))}</li>`}
      ${state !== 'Active' || deadline === undefined ? null : html`<li>Time is over ${moment(deadline, now)}</li>`}
    </ul>
  </li>`;
}

/** What was said so far. */
export function decisionsSection(decisions: readonly DecisionRecord[], now: number): Html {
  if (decisions.length === 0) return null;
  return html`<section class="card" aria-labelledby="decisions">
    <h2 id="decisions">What was said</h2>
    <table>
      <thead>
        <tr>
          <th scope="col">When</th>
          <th scope="col">Who</th>
          <th scope="col">Verdict</th>
          <th scope="col">Counts</th>
          <th scope="col">Reason</th>
        </tr>
      </thead>
      <tbody>
        ${decisions.map(
          (d) =>
            html`<tr>
              <td data-label="When">${moment(d.time, now)}</td>
              <td data-label="Who">
                ${visible(d.onBehalfOf === undefined ? d.approver : `${d.approver} for ${d.onBehalfOf}`)} <span class="soft">${d.via}</span>
              </td>
              <td data-label="Verdict">${d.verdict}</td>
              <td data-label="Counts">${d.counted ? 'yes' : `no: ${d.ignoredBecause ?? 'unknown'}`}</td>
              <td data-label="Reason">${visible([d.ticket, d.reason].filter((text) => text !== undefined && text !== '').join(' – '))}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </section>`;
}
