import { z } from 'zod';

const StringMap = z.record(z.string(), z.string());

/** An object under review, as far as all handlers read it. Everything else stays as it came. */
const Reviewed = z.looseObject({
  metadata: z
    .looseObject({
      name: z.string().optional(),
      generateName: z.string().optional(),
      namespace: z.string().optional(),
      uid: z.string().optional(),
      labels: StringMap.optional(),
      annotations: StringMap.optional(),
      ownerReferences: z.array(z.looseObject({ kind: z.string(), uid: z.string(), controller: z.boolean().optional() })).optional(),
    })
    .default({}),
});
export type Reviewed = z.infer<typeof Reviewed>;

const GroupVersionKind = z.object({ group: z.string(), version: z.string(), kind: z.string() });

/** The request of an AdmissionReview, as the API server sends it. */
export const AdmissionRequest = z.object({
  uid: z.string().min(1),
  kind: GroupVersionKind,
  name: z.string().optional(),
  namespace: z.string().optional(),
  operation: z.enum(['CREATE', 'UPDATE', 'DELETE', 'CONNECT']),
  userInfo: z.object({
    username: z.string().min(1),
    groups: z.array(z.string()).default([]),
    extra: z.record(z.string(), z.array(z.string())).default({}),
  }),
  object: Reviewed.nullish(),
  oldObject: Reviewed.nullish(),
  dryRun: z.boolean().default(false),
});
export type AdmissionRequest = z.infer<typeof AdmissionRequest>;

/** One operation of a JSON patch. */
export type PatchOperation =
  { readonly op: 'add' | 'replace'; readonly path: string; readonly value: unknown } | { readonly op: 'remove'; readonly path: string };

/** What is answered to one review. */
export type Verdict =
  | { readonly allowed: true; readonly patch?: readonly PatchOperation[]; readonly warnings?: readonly string[] }
  | { readonly allowed: false; readonly message: string; readonly code?: number };

/** What a body turned out to be: a review, or something that is answered with an HTTP error or, where the API server can be told, a refusal. */
export type Parsed =
  | { readonly kind: 'review'; readonly request: AdmissionRequest }
  | { readonly kind: 'denied'; readonly uid: string; readonly message: string }
  | { readonly kind: 'malformed'; readonly message: string };

const apiVersion = 'admission.k8s.io/v1';

/** Reads a body. What is no AdmissionReview v1 is malformed; a review that lacks what we need to judge it is denied. Never throws. */
export function parseReview(body: string): Parsed {
  let review: unknown;
  try {
    review = JSON.parse(body);
  } catch {
    return malformed('the body is not JSON');
  }
  if (typeof review !== 'object' || review === null || Array.isArray(review)) return malformed('the body is not a JSON object');
  const given = review as { apiVersion?: unknown; kind?: unknown; request?: unknown };
  if (given.kind !== 'AdmissionReview') return malformed(`kind is ${shown(given.kind)}`);
  if (given.apiVersion !== apiVersion) return malformed(`apiVersion is ${shown(given.apiVersion)}`);
  if (typeof given.request !== 'object' || given.request === null) return malformed('request is missing');
  const result = AdmissionRequest.safeParse(given.request);
  if (result.success) return { kind: 'review', request: result.data };
  const uid = (given.request as { uid?: unknown }).uid;
  const faults = result.error.issues.map((issue) => `request.${issue.path.join('.')}: ${issue.message}`).join('; ');
  if (typeof uid !== 'string' || uid === '') return malformed(faults);
  return { kind: 'denied', uid, message: `The review cannot be judged: ${faults}.` };
}

const malformed = (what: string): Parsed => ({
  kind: 'malformed',
  message: `Expected an AdmissionReview of ${apiVersion} with a request, but ${what}.`,
});

const shown = (value: unknown): string => (value === undefined ? 'missing' : JSON.stringify(value).slice(0, 100));

/** The AdmissionReview that carries a verdict back. */
export function answerReview(uid: string, verdict: Verdict): object {
  return { apiVersion, kind: 'AdmissionReview', response: { uid, ...responseOf(verdict) } };
}

function responseOf(verdict: Verdict): object {
  if (!verdict.allowed) {
    const { message, code = 403 } = verdict;
    return {
      allowed: false,
      status: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: reasons[code] ?? 'Forbidden', message, code },
    };
  }
  const { patch, warnings } = verdict;
  return {
    allowed: true,
    ...(patch === undefined || patch.length === 0
      ? {}
      : { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') }),
    ...(warnings === undefined || warnings.length === 0 ? {} : { warnings: warnings.map((text) => text.slice(0, 256)) }),
  };
}

const reasons: Readonly<Record<number, string>> = { 400: 'BadRequest', 403: 'Forbidden', 409: 'Conflict', 422: 'Invalid' };
