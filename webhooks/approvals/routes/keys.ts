import { createHash, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { unavailable } from '../http/failures.ts';
import { route, type Route } from '../http/route.ts';

const Jwk = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string().describe('The public key, base64url.'),
  kid: z.string().describe('Its thumbprint (RFC 7638).'),
  use: z.literal('sig'),
  alg: z.literal('EdDSA'),
});
const Jwks = z.object({ keys: z.array(Jwk).describe('The newest first, which is the one that signs.') });

export interface KeyRouteDeps {
  /** Of all keys that lately signed, the newest first. */
  readonly publicKeys: () => Promise<readonly KeyObject[]>;
}

/** By which receivers of callbacks and webhooks know that it is us. */
export const keyRoutes = ({ publicKeys }: KeyRouteDeps): Route[] => [
  route({
    method: 'get',
    path: '/.well-known/jwks.json',
    tag: 'Deliveries',
    access: 'anybody',
    summary: 'The public keys that callbacks and webhooks are signed with',
    description: 'A JSON Web Key Set. What is signed is believed when any of them verifies it.',
    answers: { 200: { description: 'The keys.', schema: Jwks } },
    handle: async () => {
      const keys = await publicKeys().catch(() => {
        throw unavailable('The key of this service cannot be read just now');
      });
      return { status: 200, body: { keys: keys.map(jwkOf) }, headers: { 'cache-control': 'public, max-age=60' } };
    },
  }),
];

function jwkOf(key: KeyObject): z.infer<typeof Jwk> {
  const { x = '' } = key.export({ format: 'jwk' });
  const kid = createHash('sha256')
    .update(JSON.stringify({ crv: 'Ed25519', kty: 'OKP', x }))
    .digest('base64url');
  return { kty: 'OKP', crv: 'Ed25519', x, kid, use: 'sig', alg: 'EdDSA' };
}
