import type { ChannelType } from '../../crds/v1alpha1/index.ts';
import type { Channel } from './contract.ts';
import { smtp } from './smtp.ts';

/** Every kind of service by which people can be told. */
export const channels: Readonly<Partial<Record<ChannelType, Channel>>> = { SMTP: smtp };
