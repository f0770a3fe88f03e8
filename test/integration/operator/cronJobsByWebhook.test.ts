import { ownPlatform } from '../../fixtures/ownPlatform.ts';
import { cronJobAuthorCases } from './cronJobAuthors.ts';

// Of its own, because the operator has to hold and stamp by webhooks here.
const { inNamespace } = ownPlatform({ set: { holdMode: 'Webhook' } });

cronJobAuthorCases(inNamespace);
