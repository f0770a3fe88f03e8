import { stringify } from 'yaml';
import { z } from 'zod';
import type { Kind } from '../../crds/v1alpha1/index.ts';
import { structural, type Structural } from './structural.ts';

/** A CustomResourceDefinition of ours. */
interface Crd {
  apiVersion: 'apiextensions.k8s.io/v1';
  kind: 'CustomResourceDefinition';
  metadata: { name: string };
  spec: Record<string, unknown>;
}

/** What the API server itself defines, in words for `kubectl explain`. */
const apiVersionField: Structural = {
  description: 'The version of this schema, countersign.dev/v1alpha1.',
  type: 'string',
};
const metadataField: Structural = { type: 'object' };

/** The OpenAPI schema of a kind, structural, as the CRD carries it. */
export const openApiSchema = ({ resource, schema, description }: Kind): Structural => {
  // metadata is the API server's: a CRD may not describe it, and its zod schema is of stored objects.
  const { shape } = schema;
  const json = z.toJSONSchema(z.object({ spec: shape.spec as z.ZodType, ...(shape.status ? { status: shape.status as z.ZodType } : {}) }), {
    target: 'openapi-3.0',
    io: 'input',
    reused: 'inline',
  });
  const body = structural(json, resource.kind);
  return {
    description,
    type: 'object',
    required: ['spec'],
    properties: {
      apiVersion: apiVersionField,
      kind: { description: `The kind of the object, ${resource.kind}.`, type: 'string' },
      metadata: metadataField,
      ...body.properties,
    },
  };
};

/** The CustomResourceDefinition of a kind. */
const crd = (kind: Kind): Crd => {
  const { group, version, plural, namespaced } = kind.resource;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: namespaced ? 'Namespaced' : 'Cluster',
      names: {
        kind: kind.resource.kind,
        listKind: `${kind.resource.kind}List`,
        plural,
        singular: kind.singular,
        shortNames: [...kind.shortNames],
        categories: [...kind.categories],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          ...(kind.hasStatus ? { subresources: { status: {} } } : {}),
          additionalPrinterColumns: kind.printerColumns.map((column) => ({ ...column })),
          schema: { openAPIV3Schema: openApiSchema(kind) },
        },
      ],
    },
  };
};

/** The name of the file that a kind's CRD is written to. */
export const crdFile = ({ resource }: Kind): string => `${resource.group}_${resource.plural}.yaml`;

/** The CRD as YAML: no anchors, no folded lines, so that a change shows as the lines it changed. */
export const crdYaml = (kind: Kind): string =>
  `# Written by hack/generate.ts from crds/${kind.resource.version}. Change it there, then run: make generate\n` +
  stringify(crd(kind), { lineWidth: 0, aliasDuplicateObjects: false });
