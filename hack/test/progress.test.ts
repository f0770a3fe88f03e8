import { expect, it } from 'vitest';
import { runVisibly } from './progress.ts';

it('says how a program ended', async () => {
  expect(await runVisibly('a program', [process.execPath, '-e', 'process.exit(3)'])).toMatchObject({ code: 3 });
});

it('begins nothing more once it is told to end, and ends what runs', async () => {
  const running = runVisibly('a program', [process.execPath, '-e', 'setInterval(() => {}, 1000)']);
  process.emit('SIGTERM', 'SIGTERM');
  await expect(running).rejects.toThrow('ended by SIGTERM');
});
