import { auditLabel, auditMark, auditMarkValue } from '../../crds/v1alpha1/index.ts';
import { targetOfPath } from '../../operator/guards/index.ts';
import { allowed, refuse, type AdmissionHandler } from './handler.ts';
import { isGoverned, type WhenDeps } from './jobWhen.ts';
import { setMarks } from './marks.ts';

/** Hold mode Webhook: labels a Job that the policy of the path, which only audits, would have held. Holds nothing. */
export const auditJob = (deps: WhenDeps): AdmissionHandler => ({
  path: /^\/audit\//,
  name: 'audit-job',
  kinds: ['Job'],
  review: async (request, { path }) => {
    const target = targetOfPath(path);
    if (target?.enforcement !== 'Audit')
      return refuse(`The path ${path} names no policy; expected /audit/cluster/NAME or /audit/namespace/NAMESPACE/NAME.`, 400);
    if (request.object == null || (request.operation !== 'CREATE' && request.operation !== 'UPDATE')) return allowed;
    if (!(await isGoverned(request, target, deps))) return allowed;
    const marks = { labels: { [auditLabel]: 'true' }, annotations: { [auditMark(target.policy)]: auditMarkValue } };
    return { allowed: true, patch: setMarks(request.object, marks) };
  },
});
