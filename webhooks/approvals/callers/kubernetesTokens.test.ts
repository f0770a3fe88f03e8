import { UnsecuredJWT } from 'jose';
import { describe, expect, it, vi } from 'vitest';
import { silentLogger } from '../../../operator/telemetry/logger.ts';
import { KubernetesTokens } from './kubernetesTokens.ts';

const ourAudience = 'countersign-approvals';
const bob = { authenticated: true, user: { username: 'bob', groups: ['finance', 'system:authenticated'] }, audiences: [ourAudience] };

function tokensWith(answer: (token: string) => object) {
  let at = 0;
  const asked = vi.fn((_type: unknown, _namespace: unknown, body: object) => {
    const { token } = (body as { spec: { token: string } }).spec;
    return Promise.resolve({ metadata: {}, status: answer(token) });
  });
  const tokens = new KubernetesTokens({
    client: { create: asked as never },
    audiences: [ourAudience],
    log: silentLogger(),
    now: () => at,
  });
  return { tokens, asked, pass: (ms: number) => (at += ms) };
}

describe('a Kubernetes token', () => {
  it('is of whom the API server says, asked for our audience', async () => {
    const { tokens, asked } = tokensWith(() => bob);
    expect(await tokens.personOf('t')).toEqual(bob.user);
    expect(asked.mock.calls[0]?.[2]).toMatchObject({ spec: { token: 't', audiences: [ourAudience] } });
  });

  it.each([
    ['that the API server does not know', { authenticated: false, error: 'unknown' }],
    ['that is for somebody else', { ...bob, audiences: ['other'] }],
    ['of which the API server does not say for whom it is', { ...bob, audiences: undefined }],
    ['of nobody', { authenticated: true, audiences: [ourAudience] }],
    ['of an empty name', { authenticated: true, user: { username: '' }, audiences: [ourAudience] }],
    ['about which nothing is said', {}],
  ])('%s is refused', async (_what, status) => {
    await expect(tokensWith(() => status).tokens.personOf('t')).rejects.toMatchObject({ status: 401 });
  });

  it('is asked about once in ten seconds, by however many calls, whether it is good or not', async () => {
    const { tokens, asked, pass } = tokensWith((token) => (token === 'good' ? bob : {}));
    await Promise.all([1, 2, 3].map(() => tokens.personOf('good')));
    await expect(tokens.personOf('bad')).rejects.toThrow();
    await expect(tokens.personOf('bad')).rejects.toThrow();
    expect(asked).toHaveBeenCalledTimes(2);
    pass(10_001);
    await tokens.personOf('good');
    expect(asked).toHaveBeenCalledTimes(3);
  });

  it('that is taken back is refused ten seconds later', async () => {
    let good = true;
    const { tokens, pass } = tokensWith(() => (good ? bob : {}));
    await tokens.personOf('t');
    good = false;
    pass(10_001);
    await expect(tokens.personOf('t')).rejects.toMatchObject({ status: 401 });
  });

  it('cannot be judged while the API server is away, which is not remembered', async () => {
    const create = vi.fn().mockRejectedValueOnce(new Error('away')).mockResolvedValue({ status: bob });
    const tokens = new KubernetesTokens({ client: { create: create as never }, audiences: [ourAudience], log: silentLogger() });
    await expect(tokens.personOf('t')).rejects.toMatchObject({ status: 503 });
    expect((await tokens.personOf('t')).username).toBe('bob');
  });

  it.each([[['client-id-of-the-api-server']], [[ourAudience]], [['other', ourAudience]], [[]]])(
    'that says itself that it is for %j is for whom the API server says',
    async (audiences) => {
      const token = new UnsecuredJWT({}).setAudience(audiences).encode();
      expect(await tokensWith(() => bob).tokens.personOf(token)).toEqual(bob.user);
      const refused = tokensWith(() => ({ ...bob, audiences: ['https://kubernetes.default.svc'] }));
      await expect(refused.tokens.personOf(token)).rejects.toMatchObject({ status: 401 });
    },
  );

  it('is asked about with at most 49 others at a time; whoever comes then is told to come back', async () => {
    const answers: (() => void)[] = [];
    const create = vi.fn(() => new Promise((resolve) => answers.push(() => resolve({ status: bob }))));
    const tokens = new KubernetesTokens({ client: { create: create as never }, audiences: [ourAudience], log: silentLogger() });
    const waiting = Array.from({ length: 50 }, (_, n) => tokens.personOf(`t${n}`));
    void tokens.personOf('t50').catch(() => undefined);
    expect(create).toHaveBeenCalledTimes(50);
    await expect(tokens.personOf('t51')).rejects.toMatchObject({ status: 503, details: { headers: { 'retry-after': '5' } } });
    const again = tokens.personOf('t0');
    for (const answer of answers) answer();
    await Promise.all([...waiting, again]);
    const later = tokens.personOf('t51');
    answers.at(-1)?.();
    expect(await later).toEqual(bob.user);
  });

  it('is forgotten when too many others have come since: what is remembered is bounded', async () => {
    const { tokens, asked } = tokensWith(() => bob);
    for (let n = 0; n <= 10_000; n += 1) await tokens.personOf(`t${n}`);
    await tokens.personOf('t10000');
    expect(asked).toHaveBeenCalledTimes(10_001);
    await tokens.personOf('t0');
    expect(asked).toHaveBeenCalledTimes(10_002);
  });
});
