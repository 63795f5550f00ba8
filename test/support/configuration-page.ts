import { stringify } from 'yaml';
import { RESOURCE_KINDS, type ResourceKind } from '../../gateway/catalogue/resources.ts';
import { gatewayEnvironmentSchema } from '../../gateway/environment-schema.ts';
import { schemaOf } from '../../gateway/http/openapi-parts.ts';
import { runnerEnvironmentSchema } from '../../models/runner/config.ts';
import { settingsTable } from './settings-table.ts';

const INTRODUCTION = `# Configuration

Two things are configured: processes, by their environment, and the installation, by what is registered with it: in the
console, by the admin API, or as a file for \`npx switchyard apply\`. This page is made from the schemas that check both.

\`npx switchyard init\` writes a \`.env.sample\` with every setting of the gateway and a file to begin with. \`start\`
reads \`.env\` in the working directory; what the environment says already wins.
`;

/** The guide's configuration reference, made from the schemas. */
export function configurationPage(): string {
  return [
    INTRODUCTION,
    `## Settings of the gateway\n\n${settingsTable(gatewayEnvironmentSchema.shape)}\n`,
    `## Settings of the runner\n\n${settingsTable(runnerEnvironmentSchema.shape, { ONNX_WORKERS: 'cores − 1' })}\n`,
    '## The configuration file\n\nAn object of lists, one for each kind of thing; any of them may be left out. Fields in bold have to be given.\n',
    ...RESOURCE_KINDS.map(kindSection),
  ].join('\n');
}

function kindSection(kind: ResourceKind): string {
  const item = kind.parent === undefined ? kind.example : { model: 'movie-ranker', ...kind.example };
  const parent: Field[] =
    kind.parent === undefined
      ? []
      : [
          {
            path: 'model',
            required: true,
            type: 'text',
            fallback: '',
            meaning: 'The model that it belongs to',
          },
        ];
  const rows = [...parent, ...fieldsOf(schemaOf(kind.schema))].map(
    ({ path, required, type, fallback, meaning }) =>
      `| ${required ? `**\`${path}\`**` : `\`${path}\``} | ${type} | ${fallback} | ${meaning} |`,
  );
  return [
    `### ${kind.name}\n`,
    `\`\`\`yaml example\n${stringify({ [kind.name]: [item] }).trimEnd()}\n\`\`\`\n`,
    '| field | is | default | meaning |\n| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

interface Field {
  readonly path: string;
  readonly required: boolean;
  readonly type: string;
  readonly fallback: string;
  readonly meaning: string;
}

interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly description?: string;
  readonly readOnly?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

/** Every field of a schema with those below it; of alternatives, the fields of all, each once. */
function fieldsOf(schema: Schema, prefix = ''): Field[] {
  const alternatives = schema.oneOf ?? schema.anyOf ?? [];
  const lists = alternatives.map((one) => fieldsOf(one, prefix));
  const own = Object.entries(schema.properties ?? {})
    .filter(([, field]) => field.readOnly !== true)
    .flatMap(([name, field]) => {
      const path = prefix + name;
      const one: Field = {
        path,
        required: schema.required?.includes(name) === true,
        type: typeOf(field),
        fallback: field.default === undefined ? '' : `\`${JSON.stringify(field.default)}\``,
        meaning: (field.description ?? '').replaceAll('|', '\\|'),
      };
      return [one, ...fieldsOf(field, `${path}.`), ...fieldsOf(field.items ?? {}, `${path}[].`)];
    });
  return merged([...own, ...lists.flat()], lists.length);
}

/** A field of several alternatives has to be given only where each of them asks for it; constants are listed together. */
function merged(fields: readonly Field[], alternatives: number): Field[] {
  const byPath = Map.groupBy(fields, ({ path }) => path);
  return [...byPath.values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined) return [];
    const types = [...new Set(same.map(({ type }) => type))];
    const inAll = alternatives < 2 || same.length >= alternatives;
    return [{ ...first, required: inAll && same.every(({ required }) => required), type: types.join(', ') }];
  });
}

const WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'whole number',
  boolean: '`true` or `false`',
};

function typeOf({
  type,
  enum: values,
  const: constant,
  minimum,
  maximum,
  items,
  anyOf,
  oneOf,
}: Schema): string {
  if (values !== undefined) return values.map((value) => `\`${String(value)}\``).join(', ');
  if (constant !== undefined) return `\`${String(constant)}\``;
  if (type === 'array') return `list of ${items === undefined ? 'anything' : typeOf(items)}`;
  const alternatives = anyOf ?? oneOf;
  if (alternatives !== undefined) return [...new Set(alternatives.map(typeOf))].join(' or ');
  const range = rangeOf(minimum, maximum);
  return `${WORDS[type ?? ''] ?? type ?? 'anything'}${range}`;
}

/** JSON Schema's own bounds of a safe integer say nothing to a reader. */
function rangeOf(minimum?: number, maximum?: number): string {
  const low = minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER ? undefined : minimum;
  const high = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? undefined : maximum;
  if (low !== undefined && high !== undefined) return `, ${low}–${high}`;
  if (low !== undefined) return `, from ${low}`;
  return high === undefined ? '' : `, up to ${high}`;
}
