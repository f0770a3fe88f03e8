import type { KubeClient } from '../../../operator/kube/client/kubeClient.ts';
import type { KubeObject } from '../../../operator/kube/client/types.ts';
import { job, resources, type TestNamespace } from '../../fixtures/world.ts';

/** The controller that makes the runs of CronJobs; what it does once a minute is done here at once. */
export const controllerOf = (ns: TestNamespace): Promise<KubeClient> => ns.as('system:serviceaccount:kube-system:cronjob-controller');

/** A Job that names a CronJob as its owner, with the annotations of its template, as both the controller and `kubectl create job --from` make it. */
function runOf(cron: KubeObject, name: string): object {
  const { metadata } = (cron['spec'] as { jobTemplate: { metadata?: { annotations?: Record<string, string> } } }).jobTemplate;
  const owner = { apiVersion: 'batch/v1', kind: 'CronJob', name: cron.metadata.name, uid: cron.metadata.uid, controller: true };
  return job(name, { metadata: { ownerReferences: [owner], annotations: metadata?.annotations ?? {} } });
}

/** Makes that Job. */
export const run = (ns: TestNamespace, by: KubeClient, cron: KubeObject, name: string): Promise<KubeObject> =>
  by.create(resources.jobs, ns.name, runOf(cron, name));
