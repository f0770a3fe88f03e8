import { ApiError, ConnectionError } from '../../operator/kube/client/apiError.ts';
import { printable } from '../../operator/core/printable.ts';

/** What the API server wraps around the sentence of an admission policy or webhook. */
const wrappings = [
  /^.*?ValidatingAdmissionPolicy '[^']*' with binding '[^']*' denied request: /s,
  /^.*?admission webhook "[^"]*" denied the request: /s,
  /^.*? is invalid: (?=\S)/s,
];

/** The sentence itself, without the wrapping that says which policy or webhook said it. */
export function refusalText(message: string): string {
  const wrapping = wrappings.find((pattern) => pattern.test(message));
  return wrapping === undefined ? message : message.replace(wrapping, '');
}

/** Any error as a sentence for the terminal. */
export function errorText(error: unknown): string {
  if (error instanceof ApiError) return printable(apiErrorText(error));
  if (error instanceof ConnectionError) return printable(`Cannot reach the API server: ${error.message}`);
  return printable(error instanceof Error ? error.message : String(error));
}

function apiErrorText(error: ApiError): string {
  if (error.status === 401)
    return `The API server does not know who you are (401): log in again, or choose another context. ${error.message}`;
  if (error.status === 404 && error.details.name === undefined && /could not find the requested resource/.test(error.message)) {
    return 'This cluster does not know the API countersign.dev/v1alpha1: Countersign is not installed there, or this is the wrong context.';
  }
  return refusalText(error.message);
}
