import { z } from 'zod';
import { approveAction, rejectAction } from '../../../operator/notify/slackBlocks.ts';

/** What a button carries: which request was shown, and what it would have run. Who clicked is never part of it. */
const ButtonValue = z.object({
  namespace: z.string().max(63),
  name: z.string().max(253),
  uid: z.string().max(64),
  digest: z.string().max(128),
});

const verdicts = { [approveAction]: 'Approve', [rejectAction]: 'Reject' } as const;
const Verdict = z.enum(['Approve', 'Reject']);

/** What the modal carries from the click to the submission. */
export const Asked = ButtonValue.extend({ verdict: Verdict, responseUrl: z.string().max(1000).optional() });
export type Asked = z.infer<typeof Asked>;

const User = z.object({ id: z.string().regex(/^[UW][A-Z0-9]{2,30}$/), team_id: z.string().max(64).optional() });
const Team = z.object({ id: z.string().max(64) }).nullish();

const json = <Schema extends z.ZodType>(schema: Schema) =>
  z
    .string()
    .max(8_000)
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue('expected JSON');
        return z.NEVER;
      }
    })
    .pipe(schema);

export const callbackId = 'countersign-decide';
export const reasonBlock = 'reason';
export const ticketBlock = 'ticket';

const Typed = z.object({ value: z.object({ value: z.string().max(3000).nullish() }) }).optional();

const Click = z.object({
  type: z.literal('block_actions'),
  user: User,
  team: Team,
  trigger_id: z.string().max(200),
  response_url: z.string().max(1000).optional(),
  actions: z
    .array(z.looseObject({ action_id: z.string().max(255) }))
    .min(1)
    .max(10),
});

const Submission = z.object({
  type: z.literal('view_submission'),
  user: User,
  team: Team,
  view: z.object({
    id: z.string().max(64),
    callback_id: z.literal(callbackId),
    private_metadata: json(Asked),
    state: z.object({ values: z.object({ [reasonBlock]: Typed, [ticketBlock]: Typed }) }),
  }),
});

/** Who did something in Slack, as Slack says. */
export interface Clicker {
  readonly id: string;
  /** The workspace that they are of, and the one in which it happened. */
  readonly ownTeam: string | undefined;
  readonly team: string | undefined;
}

export type Interaction =
  | { readonly kind: 'click'; readonly by: Clicker; readonly triggerId: string; readonly asked: Asked }
  | {
      readonly kind: 'submission';
      readonly by: Clicker;
      readonly viewId: string;
      readonly asked: Asked;
      readonly reason?: string;
      readonly ticket?: string;
    };

/** What somebody did, or undefined for what is none of ours: a link that was opened, a view of another app's making. */
export function interactionOf(payload: unknown): Interaction | undefined {
  const submission = Submission.safeParse(payload);
  if (submission.success) return submitted(submission.data);
  const click = Click.safeParse(payload);
  return click.success ? clicked(click.data) : undefined;
}

const clickerOf = ({ user, team }: Pick<z.infer<typeof Click>, 'user' | 'team'>): Clicker => ({
  id: user.id,
  ownTeam: user.team_id,
  team: team?.id,
});

function clicked(click: z.infer<typeof Click>): Interaction | undefined {
  const ours = click.actions.find(({ action_id: id }) => id === approveAction || id === rejectAction);
  const value = json(ButtonValue).safeParse(ours?.['value']);
  if (ours === undefined || !value.success) return undefined;
  const verdict = verdicts[ours.action_id as keyof typeof verdicts];
  const responseUrl = click.response_url;
  const asked = { ...value.data, verdict, ...(responseUrl === undefined ? {} : { responseUrl }) };
  return { kind: 'click', by: clickerOf(click), triggerId: click.trigger_id, asked };
}

function submitted({ view, ...who }: z.infer<typeof Submission>): Interaction {
  const said = (block: typeof reasonBlock | typeof ticketBlock): string => view.state.values[block]?.value.value?.trim() ?? '';
  const [reason, ticket] = [said(reasonBlock), said(ticketBlock)];
  return {
    kind: 'submission',
    by: clickerOf(who),
    viewId: view.id,
    asked: view.private_metadata,
    ...(reason === '' ? {} : { reason }),
    ...(ticket === '' ? {} : { ticket }),
  };
}
