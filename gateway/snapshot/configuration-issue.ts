import type { Issue } from '../../experiments/issue.ts';

/** An issue and the thing that has it: `endpoints/movie-ranking`. */
export interface ConfigurationIssue extends Issue {
  readonly resource: string;
}
