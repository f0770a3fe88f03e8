import { z } from 'zod';
import { ObjectMeta } from './metadata.ts';
import { apiVersion } from './resources.ts';
import { withRules } from './schemaMarks.ts';
import { GroupNames, MailAddress, SlackId, Username } from './values.ts';

export const ApproverSpec = z
  .object({
    username: Username.describe('The user name by which the API server knows them.'),
    groups: GroupNames.default([]).describe(
      'The groups they are in, for where they are asked for without having called the API server themselves.',
    ),
    mail: MailAddress.optional().describe(
      'Their mail address. No two people have the same one: whoever mails from it, or follows a link sent to it, is them.',
    ),
    slackId: SlackId.optional().describe('Their user id in Slack, such as U024BE7LH. No two people have the same one.'),
    manager: Username.optional().describe('The user name of their manager, who may be asked in their place when they are gone.'),
  })
  .meta(
    withRules({
      rule: '!has(self.manager) || self.manager != self.username',
      message: 'nobody is their own manager: name somebody else, or leave manager out',
      fieldPath: '.manager',
    }),
  );
export type ApproverSpec = z.infer<typeof ApproverSpec>;

/** One person, as a platform team knows them. */
export const Approver = z.object({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('Approver'),
  metadata: ObjectMeta,
  spec: ApproverSpec.describe('Who they are.'),
});
export type Approver = z.infer<typeof Approver>;
