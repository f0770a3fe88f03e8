import { CountersignError } from './core/errors.ts';
import { readSettings } from './config.ts';
import { World } from './reconcilers/world.ts';
import { startAdmission } from './roles/admission.ts';
import { admissionCertificate, approvalsCertificate, CertificateKeeper } from './roles/certificate.ts';
import { startController } from './roles/controller.ts';
import { prepare, version, type Running } from './roles/shared.ts';
import { startHealthServer } from './telemetry/healthServer.ts';

/** Starts the roles that the configuration names, and ends the process: with 0 when it was asked to, with 1 when it cannot go on. */
async function main(): Promise<void> {
  const settings = readSettings(process.env, { args: process.argv.slice(2), dotEnv: '.env' });
  const shared = await prepare(settings, process.env);
  const { log } = shared;
  const running: Running[] = [];
  let started = false;
  const health = await startHealthServer({
    port: settings.health_port,
    registry: shared.registry,
    missing: () => [...(started ? [] : ['start']), ...running.flatMap((role) => role.missing())],
  });
  log.info({ roles: settings.roles, healthPort: health.port, version }, 'starting');
  const source = settings.roles.includes('approvals') ? approvalsCertificate(settings) : admissionCertificate(settings);
  const keeper = new CertificateKeeper({ source, client: shared.connect('certificates', 2), log });
  const world = settings.roles.includes('controller')
    ? new World({ client: shared.connect('watch'), log, metrics: shared.metrics })
    : undefined;
  await world?.start();
  if (world !== undefined) running.push(await startController(shared, world, keeper));
  if (settings.roles.includes('admission')) running.push(startAdmission(shared, keeper, world));
  if (settings.roles.includes('approvals')) {
    // Only where it is asked for: the other roles have no use for what serves people, and it would take them memory.
    const { startApprovals } = await import('./roles/approvals.ts');
    running.push(await startApprovals(shared, keeper));
  }
  await keeper.start();
  started = true;
  log.info('started');
  const signal = await new Promise<string>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, resolve);
  });
  log.info({ signal }, 'stopping');
  keeper.stop();
  for (const role of running.reverse()) await role.stop();
  await world?.stop();
  await shared.tracing.stop();
  await health.close();
  log.info('stopped');
}

process.on('unhandledRejection', (error) => {
  throw error;
});

try {
  await main();
  process.exit(0);
} catch (error) {
  // A wrong configuration is told in a sentence; anything else with its stack, for us.
  process.stderr.write(`${error instanceof CountersignError ? error.message : String(error instanceof Error ? error.stack : error)}\n`);
  process.exit(1);
}
