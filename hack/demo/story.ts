import type { Cast } from './cast.ts';
import { tellByMail, type Post } from './mailStory.ts';
import { NotObserved, expectWords } from './notObserved.ts';
import type { Person } from './person.ts';
import type { Terminal } from './terminal.ts';

const manifests = 'hack/demo/manifests';
const job = 'refund-4711';
const governedJob = 'invoices-add-currency';

/** Tells the main job. Each step ends with what was observed. @throws NotObserved at the first that was not. */
export async function tell(terminal: Terminal, cast: Cast, post: Post): Promise<void> {
  await install(terminal, cast);
  await admitPeople(terminal, cast);
  await writePolicy(terminal, cast);
  await apply(terminal, cast);
  await refuse(terminal, cast);
  await decide(terminal, cast);
  await complete(terminal, cast);
  await lookBack(terminal, cast);
  await tellByMail(terminal, cast, post);
}

async function install(terminal: Terminal, { admin }: Cast): Promise<void> {
  terminal.step('Countersign is installed: the chart is, and the operator runs.');
  const { text } = await admin.types('helm list -n countersign-system');
  expectWords(text, 'deployed');
  expectWords((await admin.types('kubectl get crds -o name')).text, 'approvalrequests.countersign.dev', 'governedjobs.countersign.dev');
  terminal.seen('the operator says that it is ready: its guards are in the API server and were seen to refuse');
}

async function admitPeople(terminal: Terminal, { admin, alice, bob }: Cast): Promise<void> {
  terminal.step('alice may ask, bob may decide. Both roles come with the chart.');
  await admin.types(`kubectl apply -f ${manifests}/people.yaml`);
  for (const person of [alice, bob]) {
    // A binding takes a moment to reach the API server's authorizer.
    const verb = person === alice ? 'create governedjobs' : 'create approvaldecisions';
    await person.waitsFor(`${person.name} to be allowed to ${verb}`, `kubectl auth can-i ${verb}`, (text) => text.startsWith('yes'));
    expectWords(
      (await person.types("kubectl auth whoami -o jsonpath='{.status.userInfo.username}: {.status.userInfo.groups}'")).text,
      person.name,
    );
  }
  terminal.seen("each speaks with a certificate of their own, signed by the cluster's CA");
}

async function writePolicy(terminal: Terminal, { admin }: Cast): Promise<void> {
  terminal.step('A policy says what is held, and who must agree.');
  await admin.types(`cat ${manifests}/policy.yaml`);
  await admin.types(`kubectl apply -f ${manifests}/policy.yaml`);
  await admin.types('kubectl -n payments wait --for=condition=Ready apol/finance --timeout=60s');
  terminal.seen('the policy is enforced by the API server itself');
}

async function apply(terminal: Terminal, { alice }: Cast): Promise<void> {
  terminal.step('alice applies a plain Job and a GovernedJob. Neither runs.');
  await alice.types(`kubectl apply -f ${manifests}/job.yaml -f ${manifests}/governed-job.yaml`);
  const phases = "kubectl get areq -o jsonpath='{.items[*].status.phase}'";
  await alice.waitsFor('two requests that are being reviewed', phases, (text) => text === 'Reviewing Reviewing');
  await alice.types('kubectl get jobs,gjob,areq');
  expectWords((await alice.types('kubectl get pods')).text, 'No resources found');
  await seeSuspended(alice);
  terminal.seen('both Jobs are suspended, no pod was made, and each has a request that waits for finance');
}

async function seeSuspended(person: Person): Promise<void> {
  const { text } = await person.run("kubectl get jobs -o jsonpath='{.items[*].spec.suspend}'");
  if (text !== 'true true') throw new NotObserved('two suspended Jobs', text);
}

async function refuse(terminal: Terminal, { admin, alice }: Cast): Promise<void> {
  terminal.step('alice tries to let it run herself. The API server refuses.');
  const release = `kubectl -n payments patch job ${job} --type merge -p '{"spec":{"suspend":false}}'`;
  const guard = "ValidatingAdmissionPolicy 'countersign-job-guard'";
  await alice.isRefused(release, guard);
  await alice.isRefused(`kubectl -n payments label job ${job} countersign.dev/held-`, guard);
  terminal.say("\n   Not even the cluster's admin can:");
  await admin.isRefused(release, guard);
  await alice.isRefused(`kubectl approve job/${job}`, 'User "alice" cannot create resource "approvaldecisions"');
  await seeSuspended(alice);
  terminal.seen('refused four times, and both Jobs are still suspended');
}

async function decide(terminal: Terminal, { bob }: Cast): Promise<void> {
  terminal.step('bob looks at what waits for him, and approves both in one decision.');
  expectWords((await bob.types('kubectl approve list --mine')).text, job, governedJob);
  expectWords((await bob.types(`kubectl approve describe job/${job} | sed '/^What would run/,$d'`)).text, 'Requester:  alice', 'the same');
  const { text } = await bob.types(`kubectl approve job/${job} gjob/${governedJob} -m 'Checked against the invoice'`);
  if (text.split('approved by bob').length !== 3) throw new NotObserved('both to be approved by bob', text);
  terminal.seen('what was approved is bound to the digest of what bob was shown');
}

async function complete(terminal: Terminal, { alice, bob }: Cast): Promise<void> {
  terminal.step('The Jobs run to completion.');
  await bob.types(`kubectl approve wait --for=completed --timeout=60s job/${job} gjob/${governedJob}`);
  const phase = `kubectl get gjob ${governedJob} -o jsonpath='{.status.phase}'`;
  await alice.waitsFor('the GovernedJob to have succeeded', phase, (text) => text === 'Succeeded');
  const { text } = await alice.types('kubectl get jobs,gjob,areq');
  if (text.split('1/1 ').length < 5) throw new NotObserved('two Jobs with 1/1 completions and two requests with 1/1 approvals', text);
  expectWords(text, 'Complete', 'Succeeded');
  terminal.seen('both Jobs are complete');
}

async function lookBack(terminal: Terminal, { bob }: Cast): Promise<void> {
  terminal.step('What happened to each request, and who said so.');
  for (const name of [`job/${job}`, `gjob/${governedJob}`]) {
    const { text } = await bob.types(`kubectl approve describe ${name} | sed -n '/^Timeline/,/^$/p'`);
    expectWords(
      text,
      'requested by alice',
      'approved by bob: Checked against the invoice',
      'released',
      'ended: The Job ran to completion.',
    );
  }
  terminal.seen('each timeline says who asked, who approved, and when it ran; requests are kept when their Jobs are gone, for 30 days');
}
