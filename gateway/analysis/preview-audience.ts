import { LIST, listValue, VARCHAR } from '@duckdb/node-api';
import type { EvaluationContext } from '../../experiments/audience/compile-audience.ts';
import { rowsOf } from '../pipeline/query.ts';
import type { LakeDigest } from './digest/lake-digest.ts';
import { DAY_MS } from './sql/tallies.ts';

export interface AudienceRequest {
  readonly endpoint: string;
  /** Of those at the endpoint the ones that randomise the same unit: whose exposures are looked at. */
  readonly experiments: readonly string[];
  readonly matches: (context: EvaluationContext) => boolean;
  readonly tenantAttributes: (tenant: string) => Readonly<Record<string, unknown>>;
  /** How far back. */
  readonly days: number;
  readonly asOfMs: number;
}

/** How many of the units that were lately exposed at an endpoint an audience would take. */
export interface AudienceUnits {
  readonly units: number;
  readonly matching: number;
}

/** What some exposures have in common: their tenant, and the attributes that their endpoint records. */
interface Cell {
  readonly cell: number;
  readonly tenant: string;
  readonly dimensions: string | null;
}

/**
 * Asks the audience of every combination of tenant and recorded attributes that was seen, and counts the units behind
 * those that match. A unit seen with several matches if one does. Throws as `previewMetric` does.
 */
export function previewAudience(digest: LakeDigest, request: AudienceRequest): Promise<AudienceUnits> {
  return digest.withCurrent(async (connection) => {
    const cells = await rowsOf<Cell>(
      connection,
      `SELECT cell, tenant, to_json(dimensions)::VARCHAR AS dimensions FROM digest.exposure_cell
       WHERE endpoint = $endpoint AND list_contains($experiments, experiment)`,
      {
        endpoint: { value: request.endpoint, type: VARCHAR },
        experiments: { value: listValue([...request.experiments]), type: LIST(VARCHAR) },
      },
    );
    if (cells.length === 0) return { units: 0, matching: 0 };
    const list = (of: readonly Cell[]) => `[${of.map(({ cell }) => cell).join(', ')}]::INTEGER[]`;
    const matching = cells.filter((cell) => isMatch(cell, request));
    const [counted] = await rowsOf<AudienceUnits>(
      connection,
      `SELECT count(DISTINCT unit_h)::DOUBLE AS units,
         (count(DISTINCT unit_h) FILTER (list_contains(${list(matching)}, cell)))::DOUBLE AS matching
       FROM digest.exposure
       WHERE list_contains(${list(cells)}, cell) AND at_ms > ${request.asOfMs - request.days * DAY_MS}`,
    );
    return counted ?? { units: 0, matching: 0 };
  });
}

function isMatch({ tenant, dimensions }: Cell, { matches, tenantAttributes }: AudienceRequest): boolean {
  const recorded = Object.entries(JSON.parse(dimensions ?? '{}') as Record<string, string>);
  const own = { tenant: { ...tenantAttributes(tenant), key: tenant } };
  // Attributes are recorded as text: a number or a boolean among them is tried as what it was, too.
  return (
    matches({ ...nested(recorded), ...own }) ||
    matches({ ...nested(recorded.map(([path, text]) => [path, asWritten(text)])), ...own })
  );
}

/** `device.os` is `os` within `device`. */
function nested(entries: readonly (readonly [path: string, value: unknown])[]): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [path, value] of entries) {
    const parts = path.split('.');
    const last = parts.pop() ?? '';
    let at = root;
    for (const part of parts) {
      const child = Object.hasOwn(at, part) ? at[part] : undefined;
      const object = typeof child === 'object' && child !== null ? (child as Record<string, unknown>) : {};
      Object.defineProperty(at, part, {
        value: object,
        enumerable: true,
        configurable: true,
        writable: true,
      });
      at = object;
    }
    Object.defineProperty(at, last, { value, enumerable: true, configurable: true, writable: true });
  }
  return root;
}

function asWritten(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  const number = Number(text);
  return String(number) === text ? number : text;
}
