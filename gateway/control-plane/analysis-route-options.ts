import type { Analysis } from '../analysis/analysis.ts';
import type { SnapshotSource } from '../snapshot/snapshot-source.ts';
import type { ConfigurationWriter } from './change-configuration.ts';

/** What routes that ask something of the lake need. */
export interface AnalysisRouteOptions {
  readonly writer: ConfigurationWriter;
  readonly source: SnapshotSource;
  readonly analysis: Analysis;
  /** Brings what is still in the spool to the lake. */
  readonly ship: () => Promise<void>;
}
