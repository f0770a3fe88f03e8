import type { KubeObject } from '../../../operator/kube/client/types.ts';
import type { Caller } from './caller.ts';
import type { Person } from './claims.ts';

/** An Approver, as far as the service needs to know who somebody is. */
export interface KnownApprover extends Person {
  /** Of the object. */
  readonly name: string;
  readonly mail: string | undefined;
  readonly slackId: string | undefined;
}

/** For a watch cache of Approvers. */
export function knownApprover({ metadata, spec }: KubeObject): KnownApprover {
  const { username, groups = [], mail, slackId } = spec as { username: string; groups?: string[]; mail?: string; slackId?: string };
  return { name: metadata.name, username, groups, mail: mail?.toLowerCase(), slackId };
}

/** Where the Approvers are kept: a watch cache. */
export interface ApproverSource {
  values(): Iterable<KnownApprover>;
  byIndex(name: string, value: string): KnownApprover[];
  addIndex(name: string, valuesOf: (approver: KnownApprover) => readonly string[]): void;
}

const authenticated = 'system:authenticated';

/** Who is who: the people whom a platform team wrote down, for where somebody is known by their mail address or their Slack id alone. */
export class ApproverDirectory {
  readonly #source: ApproverSource;

  constructor(source: ApproverSource) {
    this.#source = source;
    source.addIndex('username', (a) => [a.username]);
    source.addIndex('mail', (a) => (a.mail === undefined ? [] : [a.mail]));
    source.addIndex('slackId', (a) => (a.slackId === undefined ? [] : [a.slackId]));
    source.addIndex('group', (a) => a.groups);
  }

  /** Where several Approvers are about one person, the first by its name is believed, as everywhere. */
  byUsername(username: string): KnownApprover | undefined {
    return firstByName(this.#source.byIndex('username', username));
  }

  /** Whose address that is; nobody's where it is given to two people. */
  byMail(mail: string): KnownApprover | undefined {
    return this.#only('mail', mail.toLowerCase());
  }

  /** Whose Slack user that is; nobody's where it is given to two people. */
  bySlackId(id: string): KnownApprover | undefined {
    return this.#only('slackId', id);
  }

  /** Whoever is known to be in a group, each person once. */
  inGroup(group: string): KnownApprover[] {
    const members = new Set(this.#source.byIndex('group', group).map((a) => a.username));
    return [...members].flatMap((username) => {
      const believed = this.byUsername(username);
      return believed?.groups.includes(group) === true ? [believed] : [];
    });
  }

  #only(index: 'mail' | 'slackId', value: string): KnownApprover | undefined {
    const people = new Set(this.#source.byIndex(index, value).map((a) => a.username));
    const [username] = people;
    const believed = people.size === 1 && username !== undefined ? this.byUsername(username) : undefined;
    // Only what is believed of a person counts: another object about them may say what it likes.
    return believed?.[index] === value ? believed : undefined;
  }
}

const firstByName = (approvers: readonly KnownApprover[]): KnownApprover | undefined =>
  approvers.reduce<KnownApprover | undefined>((first, a) => (first === undefined || a.name < first.name ? a : first), undefined);

/** Somebody from the directory who calls by a link or from Slack: the cluster never saw them, so their groups are those of their Approver. */
export const callerFrom = ({ username, groups }: KnownApprover, via: 'Email' | 'Slack'): Caller => ({
  username,
  groups: [...new Set([...groups.filter((group) => !group.startsWith('system:')), authenticated])],
  via,
  proof: via === 'Email' ? 'Link' : 'Slack',
});
