import { z } from 'zod';
import { NamespacedMeta } from './metadata.ts';
import { apiVersion } from './resources.ts';
import { withRules } from './schemaMarks.ts';
import { Expression, ReasonText, Timestamp, Username } from './values.ts';

export const ApprovalDelegationSpec = z
  .object({
    from: Username.describe('Whose decisions somebody else may take. Only they, or somebody with the verb delegate, may write this.'),
    to: Username.describe('Who may decide in their stead.'),
    when: Expression.optional().describe('A CEL expression: only for requests that it is true for. For all of them when left out.'),
    notBefore: Timestamp.optional().describe('From when on. At once when left out.'),
    notAfter: Timestamp.optional().describe('Until when. Until this object is deleted when left out.'),
    reason: ReasonText.optional().describe('Why, in words.'),
  })
  .meta(
    withRules(
      {
        // Votes count by who was delegated to when they were given: another pair of people is another delegation, with its own beginning.
        rule: 'self.from == oldSelf.from && self.to == oldSelf.to',
        message: 'from and to never change: create another ApprovalDelegation, and delete this one',
        reason: 'FieldValueForbidden',
      },
      {
        rule: 'self.from != self.to',
        message: 'nobody can stand in for themselves: name somebody else in to',
        messageExpression: "'was ' + self.to + ', which is also from: name somebody else'",
        fieldPath: '.to',
      },
      {
        rule: '!has(self.notBefore) || !has(self.notAfter) || self.notBefore < self.notAfter',
        message: 'must be later than notBefore: choose a later time, or leave it out for no end',
        fieldPath: '.notAfter',
      },
    ),
  );
export type ApprovalDelegationSpec = z.infer<typeof ApprovalDelegationSpec>;

/** Says who may decide in whose stead. */
export const ApprovalDelegation = z.object({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('ApprovalDelegation'),
  metadata: NamespacedMeta,
  spec: ApprovalDelegationSpec.describe('Who may decide in whose stead, for what and when.'),
});
export type ApprovalDelegation = z.infer<typeof ApprovalDelegation>;
