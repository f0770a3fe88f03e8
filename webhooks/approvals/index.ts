export type { CallersSettings } from './callers/compose.ts';
export { sharedSealKeys } from './callers/sealKeys.ts';
export { parseSealKeys } from './callers/seals.ts';
export { createApprovalService } from './service.ts';
