export { injectCaBundle, webhookConfigurationName } from './caBundle.ts';
export type { Access, AdmissionDeps, KnownRequest } from './deps.ts';
export { admissionHandlers } from './handlers.ts';
export { createAdmissionServer, type AdmissionServer, type ServingCertificate } from './server.ts';
