import { describe, expect, it } from 'vitest';
import { ApiError, ConnectionError } from '../../operator/kube/client/apiError.ts';
import { errorText, refusalText } from './refusal.ts';

describe('refusalText', () => {
  it.each([
    [
      `approvaldecisions.countersign.dev "x-abc" is forbidden: ValidatingAdmissionPolicy 'countersign-decisions' with binding 'countersign-decisions' denied request: spec.approver is "eve"; leave it out.`,
      'spec.approver is "eve"; leave it out.',
    ],
    ['admission webhook "decisions.countersign.dev" denied the request: wire-1 is settled already.', 'wire-1 is settled already.'],
    [
      'ApprovalDecision.countersign.dev "x" is invalid: spec.reason: Too long: may not be more than 1024 bytes',
      'spec.reason: Too long: may not be more than 1024 bytes',
    ],
    [
      'approvaldecisions.countersign.dev is forbidden: User "eve" cannot create resource "approvaldecisions" in API group "countersign.dev" in the namespace "payments"',
      'approvaldecisions.countersign.dev is forbidden: User "eve" cannot create resource "approvaldecisions" in API group "countersign.dev" in the namespace "payments"',
    ],
  ])('keeps the sentence of %j', (message, sentence) => {
    expect(refusalText(message)).toBe(sentence);
  });
});

describe('errorText', () => {
  it('says that Countersign is not installed when the API is unknown', () => {
    const error = new ApiError(404, 'NotFound', 'the server could not find the requested resource');
    expect(errorText(error)).toMatch(/does not know the API countersign\.dev\/v1alpha1/);
  });

  it('says what to do when the credentials are not accepted', () => {
    expect(errorText(new ApiError(401, 'Unauthorized', 'Unauthorized'))).toMatch(/log in again/);
  });

  it('spells out control characters that an answer carries', () => {
    expect(errorText(new ConnectionError('\u001b[2Jhacked', false))).toBe('Cannot reach the API server: \\u001b[2Jhacked');
  });
});
