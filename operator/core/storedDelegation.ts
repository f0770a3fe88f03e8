import type { ApprovalDelegation } from '../../crds/v1alpha1/index.ts';
import type { DelegationFacts } from './delegation.ts';
import { requesterFrom } from './requesterStamp.ts';

/** An ApprovalDelegation as it is stored, before it is known whether it applies to a request. */
export interface StoredDelegation extends Omit<DelegationFacts, 'groups' | 'applies'> {
  readonly namespace: string;
  /** There only where `from` wrote it themselves: then the API server saw them. */
  readonly groups?: readonly string[];
}

/** What of a delegation is the same for all requests, without its `when`. */
export function storedDelegation({ metadata, spec }: Pick<ApprovalDelegation, 'metadata' | 'spec'>): StoredDelegation {
  const { from, to, notBefore, notAfter } = spec;
  const author = requesterFrom(metadata.annotations);
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    from,
    to,
    author: author.username,
    createdAt: metadata.creationTimestamp,
    notBefore,
    notAfter,
    ...(author.username === from ? { groups: author.groups } : {}),
  };
}
