// The import rules of docs/architecture.md. Each comment says what would go wrong without the rule.
const only = (name, from, allowed, comment) => ({
  name,
  severity: 'error',
  comment,
  from: { path: from, pathNot: '\\.test\\.ts$' },
  to: { path: '^(crds|operator|webhooks|plugin|hack|test)/', pathNot: allowed },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'A cycle means two files are one concept, and neither can be read or tested alone.',
      from: {},
      to: { circular: true, dependencyTypesNot: ['type-only'] },
    },
    only('crds-stand-alone', '^crds/', '^crds/', 'Schemas are read by everybody; they may depend on nobody.'),
    {
      name: 'crds-need-zod-only',
      severity: 'error',
      comment: 'Types that other programs import must not drag a runtime along.',
      from: { path: '^crds/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['npm', 'core'], pathNot: 'node_modules/zod/' },
    },
    only(
      'core-is-pure',
      '^operator/core/',
      '^(crds|operator/core)/',
      'What decides must be testable with plain facts, with no cluster in reach.',
    ),
    {
      name: 'core-does-no-io',
      severity: 'error',
      comment:
        'A decision that reads a clock, a file or the network cannot be replayed or proven. node:crypto is there for hashing alone, croner for reading schedules: no job of its is ever started.',
      from: { path: '^operator/core/', pathNot: '\\.test\\.ts$' },
      to: {
        dependencyTypes: ['core', 'npm'],
        pathNot: '^(node:)?crypto$|node_modules/(zod|canonicalize|croner|@marcbachmann/cel-js|@bufbuild/re2)/',
      },
    },
    only(
      'workloads-are-descriptions',
      '^operator/workloads/',
      '^(crds|operator/core|operator/workloads)/',
      "A held kind is described in one pure file; what happens to it is the reconcilers' concern.",
    ),
    {
      name: 'workloads-do-not-know-each-other',
      severity: 'error',
      comment: 'A kind that leans on its sibling cannot be removed or added alone.',
      from: { path: '^operator/workloads/(?!index)[^/]+\\.ts$', pathNot: '\\.test\\.ts$' },
      to: { path: '^operator/workloads/', pathNot: '^operator/workloads/contract\\.ts$' },
    },
    only(
      'guards-are-compiled-purely',
      '^operator/guards/',
      '^(crds/|operator/(core|workloads|guards)/)',
      'A policy compiles to the same guards whatever the cluster looks like.',
    ),
    only(
      'kube-knows-no-approvals',
      '^operator/kube/',
      '^operator/(kube|telemetry|core/(ports|errors)\\.ts)',
      'The runtime must stay reusable and free of rules about who may release what.',
    ),
    only(
      'telemetry-knows-no-domain',
      '^operator/telemetry/',
      '^operator/telemetry/',
      'Logs and metrics must not be able to influence a decision.',
    ),
    only(
      'reconcilers-do-not-know-webhooks',
      '^operator/reconcilers/',
      '^(crds/|operator/(core|workloads|guards|notify|kube|telemetry|reconcilers)/|operator/config\\.ts)',
      'The controller must work with every webhook down.',
    ),
    only(
      'webhooks-do-not-know-reconcilers',
      '^webhooks/',
      '^(crds/|operator/(core|workloads|guards|notify|kube|telemetry)/|webhooks/)',
      'Admission is stateless; it must not reach into the controller.',
    ),
    {
      name: 'webhooks-apart',
      severity: 'error',
      comment: 'Admission and the approvals service are scaled and secured apart.',
      from: { path: '^webhooks/([^/]+)/' },
      to: { path: '^webhooks/', pathNot: '^webhooks/$1/' },
    },
    only(
      'plugin-is-a-client',
      '^plugin/',
      '^(crds/|operator/core/|operator/workloads/|operator/kube/client/|plugin/)',
      "The plugin runs with a person's rights on their machine: it shares the pure core and the client, nothing else.",
    ),
    {
      name: 'nobody-imports-main',
      severity: 'error',
      comment: 'The composition root starts the process; importing it would start it too.',
      from: { pathNot: '^operator/main\\.ts$' },
      to: { path: '^operator/main\\.ts$' },
    },
    {
      name: 'product-does-not-import-tests-or-tools',
      severity: 'error',
      comment: 'What ships must not depend on what only developers have.',
      from: { path: '^(crds|operator|webhooks|plugin)/', pathNot: '\\.test\\.ts$' },
      to: { path: '^(test|hack)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.cjs'] },
  },
};
