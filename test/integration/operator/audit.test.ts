import { TestNamespace } from '../../fixtures/world.ts';
import { auditCases } from './audits.ts';

auditCases((run) => async () => {
  const ns = await TestNamespace.create('t');
  await run(ns);
  await ns.close();
});
