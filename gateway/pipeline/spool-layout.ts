import { join } from 'node:path';

/** What is recorded, by importance: each kind has segments, a schema and a part of the lake of its own. */
export const RECORD_KINDS = ['exposures', 'outcomes', 'invocations'] as const;
export type RecordKind = (typeof RECORD_KINDS)[number];

/** Where things lie under the spool's directory; docs/lake.md draws it. */
export const spoolPaths = {
  writers: (directory: string) => join(directory, 'writers'),
  writer: (directory: string, writerId: string) => join(directory, 'writers', writerId),
  writerLock: (directory: string, writerId: string) => join(directory, 'writers', `${writerId}.lock`),
  shipperLock: (directory: string) => join(directory, 'shipper.lock'),
  quarantine: (directory: string) => join(directory, 'quarantine'),
  scratch: (directory: string) => join(directory, 'scratch'),
} as const;

const SEGMENT = new RegExp(`^(${RECORD_KINDS.join('|')})-(\\d{6,})\\.(open|ndjson)$`);

export interface SegmentName {
  readonly kind: RecordKind;
  /** Counts from 1 in each writer, over all kinds, so that a name is never used twice. */
  readonly sequence: number;
  readonly state: 'open' | 'sealed';
}

/** The file name of a segment: `exposures-000001.open`, and `….ndjson` once it is sealed. */
export function segmentFileName({ kind, sequence, state }: SegmentName): string {
  return `${kind}-${String(sequence).padStart(6, '0')}.${state === 'open' ? 'open' : 'ndjson'}`;
}

/** Reads a file name back; null when it names no segment. */
export function parseSegmentFileName(name: string): SegmentName | null {
  const [, kindText, digits, suffix] = SEGMENT.exec(name) ?? [];
  const kind = RECORD_KINDS.find((known) => known === kindText);
  if (kind === undefined || digits === undefined) return null;
  return { kind, sequence: Number(digits), state: suffix === 'open' ? 'open' : 'sealed' };
}
