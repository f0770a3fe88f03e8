import { Problem } from '../http/problem.ts';

/** What says who calls, by lower-case name, as node has headers. */
export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** One header of which there may be one only. */
export const headerOf = (headers: Headers, name: string): string | undefined => {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
};

/**
 * Credentials that are no good. One wording for all of them: whoever tries tokens out learns nothing from the answer, and whoever has a right to
 * know finds the reason in the service's log.
 */
export const badCredentials = (): Problem =>
  new Problem(
    401,
    'unauthorized',
    'The credentials were not accepted. Expected "Authorization: Bearer" with a token of this cluster or of the identity provider that was issued for this service and is valid now; get a new token and try again.',
    { headers: { 'www-authenticate': 'Bearer realm="countersign", error="invalid_token"' } },
  );

/** Whoever could say whether credentials are good cannot be reached. */
export const cannotTell = (who: string): Problem =>
  new Problem(503, 'sign-in-unavailable', `${who} cannot be asked who is calling at the moment; try again in a few seconds.`, {
    headers: { 'retry-after': '5' },
  });
