import type { ChannelRoute, NoticeEvent } from '../../crds/v1alpha1/index.ts';

/** What a route is asked about. */
export interface Routed {
  readonly event: NoticeEvent;
  readonly operation: string;
  readonly namespace: string;
}

/** Whether a channel is told of it by one of its routes; without routes, of nothing but what stages name it for. */
export const isRouted = (routes: readonly ChannelRoute[], { event, operation, namespace }: Routed): boolean =>
  routes.some(
    ({ events, operations, namespaces }) =>
      (events?.includes(event) ?? true) && (operations?.includes(operation) ?? true) && (namespaces?.includes(namespace) ?? true),
  );
