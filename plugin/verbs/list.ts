import { approvalRequests } from '../../crds/v1alpha1/resources.ts';
import type { Arguments } from '../arguments/parse.ts';
import { connect, type Session } from '../cluster/connect.ts';
import { readDelegated } from '../cluster/delegated.ts';
import { myPermissions, whoAmI } from '../cluster/whoami.ts';
import { exitCode, UsageError } from '../errors.ts';
import { listTable } from '../explain/listing.ts';
import { standing } from '../explain/who.ts';
import type { Io } from '../io.ts';
import { formatOf, formats, listOf, requestName, serialize } from '../output/document.ts';
import { isSettled, requestOf, type Request } from '../request.ts';

/** `kubectl approve list`: what is open, or with --mine, what waits for the caller's vote. */
export async function list({ names, flags }: Arguments, io: Io): Promise<number> {
  if (names.length > 0) throw new UsageError('list takes no names; use describe, why or kubectl get areq for single requests.');
  const format = formatOf(flags.output, formats);
  const session = await connect(flags, io);
  try {
    const everywhere = flags['all-namespaces'] === true;
    const requests = await read(session, everywhere, flags);
    if (format === 'json' || format === 'yaml') io.out(await serialize(listOf(requests.map((r) => r.stored.object)), format));
    else if (format === 'name') io.out(requests.map((r) => `${requestName(r.name)}\n`).join(''));
    else if (requests.length === 0) io.err(`${nothing(flags)} ${everywhere ? 'in any namespace' : `in namespace ${session.namespace}`}.\n`);
    else io.out(listTable(requests, { now: session.client.now(), wide: format === 'wide', namespaces: everywhere, colours: io.colours }));
    return exitCode.done;
  } finally {
    await session.client.close();
  }
}

const nothing = (flags: Arguments['flags']): string =>
  flags.mine === true ? 'Nothing waits for your vote' : flags.all === true ? 'There are no requests' : 'No requests are open';

async function read({ client, namespace }: Session, everywhere: boolean, flags: Arguments['flags']): Promise<Request[]> {
  const requests: Request[] = [];
  for await (const object of client.listAll(approvalRequests, everywhere ? {} : { namespace })) {
    const request = requestOf(object);
    if (flags.all === true || !isSettled(request)) requests.push(request);
  }
  requests.sort((a, b) => a.namespace.localeCompare(b.namespace) || Date.parse(a.createdAt) - Date.parse(b.createdAt));
  if (flags.mine !== true) return requests;
  const me = await whoAmI(client);
  const [permissions, delegated] = await Promise.all([myPermissions(client, me, requests), readDelegated({ client, namespace }, requests)]);
  return requests.filter((r) => standing(r, me, permissions, delegated.principals(r, me)).kind === 'wanted');
}
