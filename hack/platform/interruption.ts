/** Leaves in order when this process is told to end: what it started would go on without it. */
export function onInterruption(leave: () => Promise<void>): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void leave().finally(() => process.exit(1)));
}
