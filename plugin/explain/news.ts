import type { Change } from '../cluster/followAll.ts';
import { isSettled, outcomeText, requesterText, subjectText, type Request } from '../request.ts';
import { progress } from './waiting.ts';

/** Something that happened to a request that was open. */
export interface News {
  readonly kind: 'open' | 'changed' | 'settled' | 'deleted';
  readonly request: Request;
  readonly text: string;
}

/** Tells what is new about requests, one after the other: of those that are open, and of how they end. */
export function newsdesk(): (change: Change) => News | undefined {
  const open = new Map<string, string>();
  return ({ kind, request }) => {
    const before = open.get(request.uid);
    if (kind === 'gone') {
      open.delete(request.uid);
      return before === undefined ? undefined : { kind: 'deleted', request, text: 'deleted' };
    }
    if (isSettled(request)) {
      open.delete(request.uid);
      return before === undefined ? undefined : { kind: 'settled', request, text: outcomeText(request, 'Approved') };
    }
    const text = progress(request);
    open.set(request.uid, text);
    if (before === text) return undefined;
    return before === undefined
      ? { kind: 'open', request, text: `${subjectText(request)}, ${request.spec.operation} by ${requesterText(request)}: ${text}` }
      : { kind: 'changed', request, text };
  };
}
