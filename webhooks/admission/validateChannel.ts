import { isDeepStrictEqual } from 'node:util';
import { channelKinds, NotificationChannelSpec } from '../../crds/v1alpha1/index.ts';
import { channels } from '../../operator/notify/index.ts';
import { configOf } from '../../operator/notify/settings.ts';
import { allowed, refuse, type AdmissionHandler } from './handler.ts';

const mostFaults = 10;

/**
 * Tells whoever writes a channel at once what is wrong with its config. A courtesy, not a guard: by a channel whose config cannot be used nobody is told, and its
 * status says why.
 */
export const validateChannel: AdmissionHandler = {
  path: '/validate/channels',
  name: 'validate-channel',
  kinds: channelKinds,
  review: ({ operation, object, oldObject }) => {
    if (object == null || !['CREATE', 'UPDATE'].includes(operation)) return allowed;
    // One that came in with a fault must stay free to be labelled.
    if (operation === 'UPDATE' && isDeepStrictEqual(object['spec'], oldObject?.['spec'])) return allowed;
    const spec = NotificationChannelSpec.safeParse(object['spec']);
    // What the schema does not take the API server refuses by itself, and says why.
    if (!spec.success) return allowed;
    const channel = channels[spec.data.type];
    const made = configOf(channel, spec.data.config);
    const faults = [
      ...('faults' in made ? made.faults : []),
      ...(spec.data.secretRef === undefined && channel.secretKeys.some(({ required }) => required)
        ? [
            `spec.secretRef: is missing: expected the name of a Secret with ${channel.secretKeys
              .filter(({ required }) => required)
              .map(({ name }) => name)
              .join(' and ')}`,
          ]
        : []),
    ];
    return faults.length === 0 ? allowed : refuse(`${faults.slice(0, mostFaults).join('; ')}.`, 422);
  },
};
