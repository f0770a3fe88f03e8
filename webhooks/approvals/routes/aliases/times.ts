interface Changing {
  readonly createdAt: string;
  readonly status: { readonly conditions?: readonly { readonly lastTransitionTime: string }[] | undefined } | undefined;
}

/** When something came, and when its conditions changed last. */
export function timesOf({ createdAt, status }: Changing): { readonly created_at: string; readonly updated_at: string } {
  const changes = (status?.conditions ?? []).map(({ lastTransitionTime }) => lastTransitionTime);
  return { created_at: createdAt, updated_at: [createdAt, ...changes].sort().at(-1) ?? createdAt };
}
