export { injectCaBundle, webhookConfigurationName } from './caBundle.ts';
export type { AdmissionDeps, KnownApprover, Unreviewed } from './deps.ts';
export { admissionHandlers } from './handlers.ts';
export { createAdmissionServer, type AdmissionServer } from './server.ts';
