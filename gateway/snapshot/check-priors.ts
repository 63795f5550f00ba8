import { isBinary } from '../../experiments/metric.ts';
import type { ConfigurationIssue } from './configuration-issue.ts';
import type { ParsedConfiguration } from './parse-documents.ts';

/** A prior is of the primary metric, and of its kind. */
export function priorIssues({ experiments, metrics }: ParsedConfiguration): ConfigurationIssue[] {
  return [...experiments].flatMap(([key, { experiment }]) => {
    const { prior, metrics: named } = experiment;
    if (prior === undefined) return [];
    const issue = (code: string, path: string, message: string) => [
      { resource: `experiments/${key}`, path, code, message },
    ];
    if (named === undefined)
      return issue('prior-of-nothing', '/prior', 'needs a primary metric to be of: name one in metrics');
    const metric = metrics.get(named.primary);
    // What is not defined has an issue of its own.
    return prior.kind !== 'beta' || metric === undefined || isBinary(metric)
      ? []
      : issue(
          'prior-misfit',
          '/prior/kind',
          `"beta" is of a share of units, and "${named.primary}" is none: use normal-inverse-gamma`,
        );
  });
}
