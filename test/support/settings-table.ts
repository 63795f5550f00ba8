import type { z } from 'zod';

/** The settings of a schema as the table that a README shows; `machine` names defaults that depend on the machine. */
export function settingsTable(
  shape: Readonly<Record<string, z.ZodType>>,
  machine: Readonly<Record<string, string>> = {},
): string {
  const rows = Object.entries(shape).map(([name, schema]) => {
    const fallback = machine[name] ?? schema.safeParse(undefined).data;
    return `| \`${name}\` | ${fallback === undefined ? '' : `\`${fallback}\``} | ${schema.description ?? ''} |`;
  });
  return ['| variable | default | meaning |', '| --- | --- | --- |', ...rows].join('\n');
}
