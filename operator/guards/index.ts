export { compile, type GuardOptions, type HoldMode } from './compile.ts';
export { jobRules, type GuardedPolicy } from './governed.ts';
export { compileHoldWebhooks, targetOfPath, type HoldTarget, type WebhookClient } from './holdWebhooks.ts';
export { compiledGuardSelector, guardOf, guardResources, type GuardObject } from './objects.ts';
export { obsolete, type StoredGuard } from './obsolete.ts';
export { isMarkedBy, isRefusedByBackstop, probeJob } from './probe.ts';
export { whenId } from './when.ts';
