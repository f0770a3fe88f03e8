/** How the claims of a token become a user name and groups: the same as the API server's own `--oidc-*` flags, so that both know a person by one name. */
export interface ClaimRules {
  readonly issuer: string;
  /** `--oidc-username-claim`. */
  readonly usernameClaim: string;
  /** `--oidc-username-prefix`: absent, it is `ISSUER#` for every claim but `email`; `-` is none. */
  readonly usernamePrefix?: string | undefined;
  /** `--oidc-groups-claim`; absent: nobody is in any group by their token. */
  readonly groupsClaim?: string | undefined;
  /** `--oidc-groups-prefix`. */
  readonly groupsPrefix?: string | undefined;
  /** `--oidc-required-claim`. */
  readonly requiredClaims?: Readonly<Record<string, string>> | undefined;
}

/** Somebody as the cluster knows them. */
export interface Person {
  readonly username: string;
  readonly groups: readonly string[];
}

/** Why claims name nobody. For the log, never for the caller. */
export class ClaimFault extends Error {
  override readonly name = 'ClaimFault';
}

type Claims = Readonly<Record<string, unknown>>;

const authenticated = 'system:authenticated';
const mostGroups = 1_024;
const longestName = 512;

/** Whom these claims name. @throws ClaimFault when they name nobody, or somebody whom only the API server itself may name. */
export function personOf(claims: Claims, rules: ClaimRules): Person {
  for (const [name, wanted] of Object.entries(rules.requiredClaims ?? {})) {
    if (claims[name] !== wanted) throw new ClaimFault(`the claim ${name} is not what is required`);
  }
  const username = usernameOf(claims, rules);
  const groups = groupsOf(claims, rules);
  const reserved = [username, ...groups].find((name) => name.startsWith('system:'));
  if (reserved !== undefined) throw new ClaimFault(`names that begin with system: are the API server's own; the token has ${reserved}`);
  return { username, groups: [...groups, authenticated] };
}

function usernameOf(claims: Claims, { issuer, usernameClaim, usernamePrefix }: ClaimRules): string {
  const claimed = claims[usernameClaim];
  if (typeof claimed !== 'string' || claimed === '') throw new ClaimFault(`the claim ${usernameClaim} is no text`);
  // As the API server has it: an address that the provider says it has not verified may be anybody's.
  if (usernameClaim === 'email' && claims['email_verified'] !== undefined && claims['email_verified'] !== true) {
    throw new ClaimFault('the address in the claim email is not verified');
  }
  const prefix = usernamePrefix ?? (usernameClaim === 'email' ? '-' : `${issuer}#`);
  return bounded((prefix === '-' ? '' : prefix) + claimed);
}

function groupsOf(claims: Claims, { groupsClaim, groupsPrefix = '' }: ClaimRules): string[] {
  const claimed = groupsClaim === undefined ? undefined : claims[groupsClaim];
  if (claimed === undefined) return [];
  const list: unknown[] = Array.isArray(claimed) ? claimed : [claimed];
  if (list.length > mostGroups) throw new ClaimFault(`the claim ${groupsClaim} has more than ${mostGroups} groups`);
  return list.map((name) => {
    if (typeof name !== 'string' || name === '') throw new ClaimFault(`the claim ${groupsClaim} is neither a text nor a list of texts`);
    return bounded((groupsPrefix === '-' ? '' : groupsPrefix) + name);
  });
}

function bounded(name: string): string {
  if (name.length > longestName || !name.isWellFormed())
    throw new ClaimFault(`a name is longer than ${longestName} characters, or no Unicode text`);
  return name;
}
