import type { KubeClient } from '../../../operator/kube/client/kubeClient.ts';
import type { Route } from '../http/route.ts';
import { aliasRoutes } from './aliases/index.ts';
import type { RequestDeps } from './deps.ts';
import { deliveryRoutes, type DeliveryRouteDeps } from './deliveries.ts';
import { executionRoutes } from './executions.ts';
import { keyRoutes, type KeyRouteDeps } from './keys.ts';
import { linkRoutes, type LinkDeps } from './links.ts';
import { pageRoutes, type PageDeps } from './pages.ts';
import { listRoute } from './requestList.ts';
import { requestRoutes } from './requests.ts';
import { serviceRoutes, type ServiceDeps } from './service.ts';
import { signInRoutes, type SignInDeps } from './signIn.ts';
import { slackRoutes, type SlackRouteDeps } from './slack.ts';

/** What the routes use, all of them. */
export interface AllDeps
  extends RequestDeps, SignInDeps, PageDeps, LinkDeps, SlackRouteDeps, DeliveryRouteDeps, KeyRouteDeps, Omit<ServiceDeps, 'others'> {
  readonly client: KubeClient;
}

/** Everything that the service serves. Nothing of what the routes use is used before they are called. */
export function allRoutes(deps: AllDeps): Route[] {
  const others = [
    ...requestRoutes(deps),
    listRoute(deps),
    ...executionRoutes(deps),
    ...aliasRoutes({ ...deps, policies: deps.client }),
    ...signInRoutes(deps),
    ...pageRoutes(deps),
    ...linkRoutes(deps),
    ...slackRoutes(deps),
    ...deliveryRoutes(deps),
    ...keyRoutes(deps),
  ];
  return [...others, ...serviceRoutes({ ...deps, others })];
}
