export type { KnownRequest } from './requests.ts';
export { createApprovalService, type ApprovalService, type ServiceOptions } from './service.ts';
