/** A label selector as Kubernetes defines it (apimachinery, labels.Requirement): all of it must hold; an empty one selects everything. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>> | undefined;
  readonly matchExpressions?: readonly LabelRequirement[] | undefined;
}

export interface LabelRequirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values?: readonly string[] | undefined;
}

type Labels = Readonly<Record<string, string>>;

/** Whether the labels satisfy the selector. A selector that is absent selects everything. */
export function selects(selector: LabelSelector | undefined, labels: Labels): boolean {
  if (selector === undefined) return true;
  const { matchLabels = {} } = selector;
  // Not Object.entries: of a thousand policies each is asked this about each Job.
  for (const key in matchLabels) if (valueOf(labels, key) !== valueOf(matchLabels, key)) return false;
  return (selector.matchExpressions ?? []).every((requirement) => meets(requirement, labels));
}

/** Only what is there: `constructor` is a label like any other. */
const valueOf = (labels: Labels, key: string): string | undefined => (Object.hasOwn(labels, key) ? labels[key] : undefined);

function meets({ key, operator, values = [] }: LabelRequirement, labels: Labels): boolean {
  const value = valueOf(labels, key);
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}
