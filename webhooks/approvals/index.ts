export type { CallersSettings } from './callers/compose.ts';
export { sharedSealKeys } from './callers/sealKeys.ts';
export { parseSealKeys } from './callers/seals.ts';
export type { KnownRequest } from './requests.ts';
export { createApprovalService, type ApprovalService, type ServiceOptions } from './service.ts';
