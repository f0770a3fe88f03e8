export { compile, type GuardedPolicy, type GuardOptions, type HoldMode } from './compile.ts';
export { compileHoldWebhooks, type WebhookClient } from './holdWebhooks.ts';
export { compiledGuardSelector, guardOf, guardResources, type GuardObject } from './objects.ts';
export { obsolete, type StoredGuard } from './obsolete.ts';
export { isHeldBy, isRefusedByBackstop, probeJob } from './probe.ts';
