import { ApiError } from '../../../operator/kube/client/apiError.ts';
import { unavailable } from '../http/failures.ts';
import { Problem } from '../http/problem.ts';

/** What the API server wraps around the sentence of an admission policy or webhook. */
const wrappings = [
  /^.*?ValidatingAdmissionPolicy '[^']*' with binding '[^']*' denied request: /s,
  /^.*?admission webhook "[^"]*" denied the request: /s,
  /^.*? is invalid: (?=\S)/s,
];

/** By which it refuses what the service itself may not do, whoever it does it for. */
const ownLack = /^[a-z.]+(\/[^ ]+)? "[^"]*" is forbidden: User "system:serviceaccount:[^"]+" cannot /;

/** Codes by what the API server answers. */
const codes: Readonly<Record<number, string>> = {
  400: 'invalid',
  403: 'forbidden',
  404: 'not-found',
  409: 'conflict',
  413: 'content-too-large',
  422: 'refused',
};

/** A write that the API server refused, in its own words. What it could not judge now is to be tried again; other errors are passed on as they are. */
export function refused(error: unknown): unknown {
  if (!(error instanceof ApiError)) return error;
  if (ownLack.test(error.message)) return unavailable('The service has not been given the rights that this takes');
  const code = codes[error.status];
  if (code === undefined) return error;
  const fields = (error.details.causes ?? []).flatMap(({ field, message }) =>
    field === undefined || message === undefined ? [] : [{ field, message }],
  );
  return new Problem(error.status === 400 ? 422 : error.status, code, sentenceOf(error.message), fields.length === 0 ? {} : { fields });
}

function sentenceOf(message: string): string {
  const wrapping = wrappings.find((pattern) => pattern.test(message));
  return wrapping === undefined ? message : message.replace(wrapping, '');
}
