import type { InferenceStatistics } from '../../models/codecs/inference-statistics.ts';
import type { Features } from '../features/features.ts';
import type { GuardrailCounters } from '../guardrails/guardrail-counters.ts';
import type { RequestLimits } from '../limits/request-limits.ts';
import type { Targets } from '../targets/targets.ts';
import type { Telemetry } from '../telemetry/metrics.ts';
import type { ExposureRecorder } from './record-exposure.ts';
import type { ResponseCache } from './response-cache.ts';
import type { PlanResult } from './run-plan.ts';
import type { Shadows } from './shadow/shadows.ts';

/** What the routes of the data plane are made of: wired in one place, used by reference. */
export interface DataPlane extends ExposureRecorder {
  readonly targets: Targets;
  readonly telemetry: Telemetry;
  readonly statistics: InferenceStatistics;
  readonly cache: ResponseCache<PlanResult>;
  readonly features: Features;
  readonly requestTimeoutMs: number;
  readonly maxBodyBytes: number;
  readonly limits: RequestLimits;
  readonly shadows: Shadows;
  /** Answers of the versions that aliases try. */
  readonly trials: GuardrailCounters;
}
