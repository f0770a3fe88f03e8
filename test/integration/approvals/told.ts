import { approvers, clusterNotificationChannels, notificationChannels } from '../../../crds/v1alpha1/index.ts';
import type { SmtpPeer } from '../../../hack/peers/smtpServer.ts';
import type { TestNamespace } from '../../fixtures/world.ts';

/** Somebody whom the directory knows; the object goes with the test. */
export async function approver(
  ns: TestNamespace,
  name: string,
  groups: string[] = [],
): Promise<{ username: string; mail: string; remove: () => Promise<unknown> }> {
  const username = `${name}-${ns.name}`;
  const mail = `${username}@example.com`;
  await ns.admin.create(approvers, undefined, {
    apiVersion: 'countersign.dev/v1alpha1',
    kind: 'Approver',
    metadata: { name: username },
    spec: { username, mail, groups },
  });
  return { username, mail, remove: () => ns.admin.delete(approvers, { name: username }) };
}

export type ChannelKind = 'NotificationChannel' | 'ClusterNotificationChannel';

/** A channel for mail, as a stage names it; what is of the cluster must be removed. */
export async function mailChannel(ns: TestNamespace, smtp: Pick<SmtpPeer, 'port'>, kind: ChannelKind) {
  const type = kind === 'NotificationChannel' ? notificationChannels : clusterNotificationChannels;
  await ns.admin.create(type, type.namespaced ? ns.name : undefined, {
    apiVersion: 'countersign.dev/v1alpha1',
    kind,
    metadata: { name: ns.name },
    spec: { type: 'SMTP', config: { host: 'localhost', port: smtp.port, from: 'approvals@example.com' } },
  });
  const remove = () => ns.admin.delete(type, { name: ns.name, ...(type.namespaced ? { namespace: ns.name } : {}) });
  return { ref: { kind, name: ns.name }, remove };
}
