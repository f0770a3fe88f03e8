import { createServer } from 'node:https';
import { BareClient, type Access } from '../bareClient.ts';
import { follow } from '../follow.ts';
import { jobsPath } from '../objects.ts';

/** What the process is sent when it starts. */
export interface PairOptions {
  readonly port: number;
  readonly cert: string;
  readonly key: string;
  readonly access: Access;
  readonly namespace: string;
  readonly connections: number;
}

process.once('message', (options: PairOptions) => {
  void serve(options).then(() => process.send?.('ready'));
});

// Whoever started it has died: nobody else would end it.
process.once('disconnect', () => process.exit());

async function serve({ port, cert, key, access, namespace, connections }: PairOptions): Promise<void> {
  const client = new BareClient(access, connections);
  const path = jobsPath(namespace);
  await follow(client, path, new AbortController().signal, ({ type, object }) => {
    if (type === 'ADDED') void client.mergePatch(`${path}/${object.metadata.name}`, { spec: { suspend: false } });
  });
  await new Promise<void>((resolve) => suspending(cert, key).listen(port, '127.0.0.1', resolve));
}

const suspend = Buffer.from(JSON.stringify([{ op: 'add', path: '/spec/suspend', value: true }])).toString('base64');

/** Says to each AdmissionReview that the Job is to be suspended. */
const suspending = (cert: string, key: string): ReturnType<typeof createServer> =>
  createServer({ cert, key }, (incoming, answer) => {
    let text = '';
    incoming.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    incoming.on('end', () => {
      const { request } = JSON.parse(text) as { request: { uid: string } };
      const response = { uid: request.uid, allowed: true, patchType: 'JSONPatch', patch: suspend };
      answer.setHeader('content-type', 'application/json');
      answer.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response }));
    });
  });
