import { createServer } from 'node:https';
import express, { type Response } from 'express';
import { Pool } from 'undici';

/** What the process is sent when it starts. */
export interface BareServiceOptions {
  readonly port: number;
  readonly cert: string;
  readonly key: string;
  readonly apiServer: { readonly url: string; readonly ca: string };
  readonly token: string;
  readonly connections: number;
}

/** An object, and the collection to write it to. */
export interface BareWrite {
  readonly path: string;
  readonly object: object;
}

process.once('message', (options: BareServiceOptions) => {
  serve(options);
});

// Whoever started it has died: nobody else would end it.
process.once('disconnect', () => process.exit());

function serve({ port, cert, key, apiServer, token, connections }: BareServiceOptions): void {
  const pool = new Pool(apiServer.url, { connections, pipelining: 1, allowH2: false, connect: { ca: apiServer.ca } });
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const waiting: Response[] = [];
  const app = express();
  app.use(express.json());
  app.post('/write', async (request, response) => {
    const { path, object } = request.body as BareWrite;
    const answer = await pool.request({ method: 'POST', path, headers, body: JSON.stringify(object) });
    response
      .status(answer.statusCode)
      .type('json')
      .send(await answer.body.text());
  });
  app.get('/wait', (_request, response) => void waiting.push(response));
  app.get('/waiting', (_request, response) => void response.json(waiting.length));
  app.post('/wake', (_request, response) => {
    for (const one of waiting.splice(0)) one.json({ outcome: 'Approved' });
    response.json({});
  });
  createServer({ cert, key }, app).listen(port, '127.0.0.1', () => process.send?.('ready'));
}
