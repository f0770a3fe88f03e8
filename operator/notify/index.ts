import type { ChannelType } from '../../crds/v1alpha1/index.ts';
import type { Channel } from './contract.ts';
import { pagerDuty } from './pagerDuty.ts';
import { serviceNow } from './serviceNow.ts';
import { slack } from './slack.ts';
import { smtp } from './smtp.ts';
import { teams } from './teams.ts';
import { webhook } from './webhook.ts';

/** Every kind of service by which people can be told. Another is a file, a line here, and its name in `channelTypes`. */
export const channels: Readonly<Record<ChannelType, Channel>> = {
  SMTP: smtp,
  Slack: slack,
  PagerDuty: pagerDuty,
  ServiceNow: serviceNow,
  Teams: teams,
  Webhook: webhook,
};
