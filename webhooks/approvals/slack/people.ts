import { z } from 'zod';
import { slackApi, type SlackAccess } from '../../../operator/notify/slackApi.ts';
import type { Caller } from '../callers/caller.ts';
import { callerFrom, type ApproverDirectory, type KnownApprover } from '../callers/directory.ts';
import type { Clicker } from './payload.ts';

const Info = z.object({
  user: z.object({
    id: z.string(),
    team_id: z.string().optional(),
    deleted: z.boolean().optional(),
    is_bot: z.boolean().optional(),
    is_stranger: z.boolean().optional(),
    is_email_confirmed: z.boolean().optional(),
    profile: z.object({ email: z.string().optional() }),
  }),
});

/**
 * Who it is that clicked, as the cluster knows them: by the Slack id of their Approver, or else by a mail address that Slack has verified. Undefined for
 * anybody else. Slack is believed who clicked; what the message says is not.
 */
export async function personIn(
  directory: Pick<ApproverDirectory, 'bySlackId' | 'byMail'>,
  by: Clicker,
  { team, ...access }: SlackAccess & { readonly team: string | undefined },
): Promise<Caller | undefined> {
  // In a channel that is shared, people of other workspaces click as well: what their administrators say of them is worth nothing here.
  if (!isOfTeam(by, team)) return undefined;
  const approver = directory.bySlackId(by.id) ?? (await byVerifiedMail(directory, by, access));
  return approver === undefined ? undefined : callerFrom(approver, 'Slack');
}

function isOfTeam({ ownTeam, team: here }: Clicker, team: string | undefined): boolean {
  if (team !== undefined && here !== team) return false;
  return ownTeam === undefined || ownTeam === (team ?? here);
}

async function byVerifiedMail(
  directory: Pick<ApproverDirectory, 'byMail'>,
  by: Clicker,
  access: SlackAccess,
): Promise<KnownApprover | undefined> {
  const came = await slackApi('users.info', { user: by.id }, access);
  const info = came.ok ? Info.safeParse(came.answer) : undefined;
  if (info?.success !== true) return undefined;
  const { id, team_id: team, deleted, is_bot: bot, is_stranger: stranger, is_email_confirmed: confirmed, profile } = info.data.user;
  if (id !== by.id || deleted === true || bot === true || stranger === true || confirmed !== true || profile.email === undefined)
    return undefined;
  if (team !== undefined && by.team !== undefined && team !== by.team) return undefined;
  const approver = directory.byMail(profile.email);
  // Whoever has a Slack id is that one alone.
  return approver?.slackId === undefined ? approver : undefined;
}
