import { openApiDocument } from '../../webhooks/approvals/http/openapi.ts';
import type { Route } from '../../webhooks/approvals/http/route.ts';
import { allRoutes, type AllDeps } from '../../webhooks/approvals/routes/index.ts';

/** What is read of a JSON schema. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly description?: string;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly description?: string;
  readonly schema: Schema;
}

interface Operation {
  readonly summary: string;
  readonly description?: string;
  readonly security: readonly unknown[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: Readonly<Record<string, { readonly schema: Schema }>> }>
  >;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const code = (text: string): string => `\`${text}\``;
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const nameOf = (reference: string): string => reference.slice(reference.lastIndexOf('/') + 1);

/** The type of a value as people say it. */
function typeName(schema: Schema): string {
  if (schema.$ref !== undefined) return `[${nameOf(schema.$ref)}](#${nameOf(schema.$ref).toLowerCase()})`;
  if (schema.enum !== undefined) return schema.enum.map((value) => code(String(value))).join(', ');
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(typeName))].join(' or ');
  if (schema.allOf?.[0] !== undefined) return typeName(schema.allOf[0]);
  if (schema.items !== undefined) return `list of ${typeName(schema.items)}`;
  return [schema.type ?? 'any JSON'].flat().join(' or ');
}

const table = (head: string, rows: readonly (readonly string[])[]): string[] =>
  rows.length === 0
    ? []
    : ['', `| ${head} | type | required | what it is |`, '|---|---|---|---|', ...rows.map((row) => `| ${row.map(cell).join(' | ')} |`)];

const fields = ({ properties = {}, required = [] }: Schema): string[][] =>
  Object.entries(properties).map(([name, schema]) => [
    code(name),
    typeName(schema),
    required.includes(name) ? 'yes' : '',
    schema.description ?? '',
  ]);

function operation(document: Document, { method, path }: Route): string[] {
  const described = document.paths[path]?.[method];
  if (described === undefined) throw new Error(`the document has no ${method} ${path}`);
  const { summary, description, security, parameters = [], requestBody, responses } = described;
  const parameterRows = parameters.map((p) => [
    code(p.name),
    `${typeName(p.schema)}, in the ${p.in}`,
    p.required === true ? 'yes' : '',
    p.description ?? '',
  ]);
  const [[type, content] = []] = Object.entries(requestBody?.content ?? {});
  const reference = content?.schema.$ref;
  const body = reference === undefined ? content?.schema : document.components.schemas[nameOf(reference)];
  const successes = Object.entries(responses).filter(([status]) => Number(status) < 400);
  const problems = Object.keys(responses).filter((status) => Number(status) >= 400);
  return [
    '',
    `### ${method.toUpperCase()} ${path}`,
    '',
    [summary, description, security.length === 0 ? 'Anybody may call it.' : undefined].filter((part) => part !== undefined).join(' '),
    ...table('parameter', parameterRows),
    ...(body === undefined ? [] : table(`field of the body${type === 'application/json' ? '' : ' (a form)'}`, fields(body))),
    '',
    ...successes.map(([status, answer]) => {
      const schema = Object.values(answer.content ?? {})[0]?.schema;
      return `- ${status}: ${answer.description}${schema === undefined ? '' : ` ${typeName(schema)}`}`;
    }),
    `- problems: ${problems.join(', ')}`,
  ];
}

function schemas(document: Document): string[] {
  return Object.entries(document.components.schemas)
    .sort(([one], [other]) => one.localeCompare(other))
    .flatMap(([name, schema]) => ['', `### ${name}`, '', schema.description ?? '', ...table('field', fields(schema))]);
}

const preface = `
The service listens where \`COUNTERSIGN_APPROVALS_URL\` says, over TLS alone. The same as on this page is served by it as OpenAPI 3.1, at \`/openapi.json\`.

- **Who calls** is known by \`Authorization: Bearer TOKEN\`: a token of the cluster for the audience \`countersign-approvals\` (\`kubectl create token NAME --audience=countersign-approvals\`), or one of the
  identity provider; browsers sign in. What callers may is what the cluster's RBAC lets them: nobody can do here what they could not do with kubectl, and what they may not see is 404.
- **Bodies** are JSON in UTF-8, read strictly: no field that there is not, no key twice, no half of a surrogate pair, no integer beyond 2^53. 256 KiB at most.
- **Problems** are \`application/problem+json\` (RFC 9457): \`detail\` says what was wrong and what to do, \`errors\` names the fields, the last part of \`type\` is a stable word for programs, and the log of the
  service knows the occurrence by its \`instance\`.
- **Waiting**: \`Prefer: wait=N\` (RFC 7240) holds a call for up to N seconds until it is decided: 200 with what came of it. Else 202, with \`Location\` and \`Retry-After\`. It costs a connection, no polling.
- **Repeating**: with an \`Idempotency-Key\` a write is done once, whichever replica it reaches and whatever dies meanwhile; the same key with the same body is answered the same for a day.
- **Rate**: 10 decisions a second and 5 at once for each caller, unless configured otherwise; beyond that 429 with \`Retry-After\`.
- **503** says that something is away for now, and when to try again; kubectl decides as ever meanwhile.

\`\`\`sh
TOKEN=$(kubectl create token pipeline -n payments --audience=countersign-approvals)
curl --cacert ca.crt -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -H 'Idempotency-Key: build-4711' -H 'Prefer: wait=300' \\
  https://approvals.example.com/v1/requests -d '{
    "namespace": "payments", "operation": "wire-transfer", "reason": "Quarterly supplier payment",
    "subject": {"external": {"system": "bank", "id": "wire-4711"}}, "context": {"amount": 50000} }'
\`\`\``;

/** The reference of the approval service's HTTP interface, as Markdown. */
export function http(): string {
  const service = { version: '', url: 'https://approvals.example.com' };
  // The document is about the routes; what they use is only used when they are called.
  const routes = allRoutes({ ...service, missing: () => [] } as unknown as AllDeps);
  const document = openApiDocument(routes, service) as Document;
  const tags = [...new Set(routes.map(({ tag }) => tag))];
  return `${[
    '<!-- Written by hack/generate.ts from webhooks/approvals/routes. Change it there, then run: make generate -->',
    '',
    '# The approval service over HTTP',
    preface,
    ...tags.flatMap((tag) => [
      '',
      `## ${tag}`,
      ...routes.filter((route) => route.tag === tag).flatMap((route) => operation(document, route)),
    ]),
    '',
    '## What is sent and answered',
    ...schemas(document),
  ].join('\n')}\n`;
}
