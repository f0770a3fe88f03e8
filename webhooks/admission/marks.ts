import { requesterStamp } from '../../operator/core/requesterStamp.ts';
import type { AdmissionRequest, PatchOperation, Reviewed } from './review.ts';

type StringMap = Readonly<Record<string, string>>;

/** A key as a part of a JSON pointer. */
export const escapeKey = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');

/** Sets entries of a map of strings that may not be there yet. What is there already and equal is left out. */
export function setEntries(path: string, present: StringMap | undefined, wanted: StringMap): PatchOperation[] {
  const news = Object.entries(wanted).filter(([key, value]) => present?.[key] !== value);
  if (news.length === 0) return [];
  if (present === undefined) return [{ op: 'add', path, value: Object.fromEntries(news) }];
  return news.map(([key, value]) => ({ op: 'add', path: `${path}/${escapeKey(key)}`, value }));
}

/** Sets labels and annotations of the object itself. */
export const setMarks = (object: Reviewed, marks: { labels?: StringMap; annotations?: StringMap }): PatchOperation[] => [
  ...setEntries('/metadata/labels', object.metadata.labels, marks.labels ?? {}),
  ...setEntries('/metadata/annotations', object.metadata.annotations, marks.annotations ?? {}),
];

/** The caller as the annotations name a requester. */
export const callerMarks = ({ userInfo }: AdmissionRequest): StringMap => requesterStamp(userInfo);
