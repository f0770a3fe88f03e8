interface Container {
  readonly env?: readonly { readonly name: string }[];
  readonly [field: string]: unknown;
}

interface Pod {
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
}

/** What containers read their parameters from: the JSON of `spec.parameters`. */
const parametersVariable = 'COUNTERSIGN_PARAMETERS';

/** The spec of a Job whose containers are given the parameters of its GovernedJob, where it has any. */
export function withParameters(spec: object, parameters: unknown): object {
  if (parameters === undefined) return spec;
  const { template } = spec as { readonly template?: { readonly spec?: Pod } };
  const value = JSON.stringify(parameters);
  const given = (containers: readonly Container[] | undefined) =>
    containers?.map((c) => ({
      ...c,
      env: [...(c.env ?? []).filter((e) => e.name !== parametersVariable), { name: parametersVariable, value }],
    }));
  const pod = template?.spec;
  return {
    ...spec,
    template: {
      ...template,
      spec: {
        ...pod,
        containers: given(pod?.containers),
        ...(pod?.initContainers === undefined ? {} : { initContainers: given(pod.initContainers) }),
      },
    },
  };
}
