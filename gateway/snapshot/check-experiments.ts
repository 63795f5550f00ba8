import { exclusivityIssues } from '../../experiments/exclusivity.ts';
import { parameterIssues } from '../../experiments/parameter-issues.ts';
import { prerequisiteIssues } from '../../experiments/prerequisite-issues.ts';
import { priorIssues } from './check-priors.ts';
import type { ConfigurationIssue } from './configuration-issue.ts';
import type { ParsedConfiguration } from './parse-documents.ts';

/** What can only be seen when experiments are looked at beside each other and beside their endpoints. */
export function experimentIssues(parsed: ParsedConfiguration): ConfigurationIssue[] {
  return [
    ...mixedTargets(parsed),
    ...overlaps(parsed),
    ...unmetSchemas(parsed),
    ...prerequisites(parsed),
    ...sharedNames(parsed),
    ...dimensions(parsed),
    ...priorIssues(parsed),
  ];
}

/** Of two experiments that overlap the later one has the issue: paths begin with its place in the list. */
function overlaps({ experiments }: ParsedConfiguration): ConfigurationIssue[] {
  const keys = [...experiments.keys()];
  return exclusivityIssues([...experiments.values()]).map(({ path, ...issue }) => {
    const [, index = '', ...rest] = path.split('/');
    return { ...issue, path: `/${rest.join('/')}`, resource: `experiments/${keys[Number(index)]}` };
  });
}

/** A plain HTTP host is reached through the proxy and a model through inference: one endpoint is one of the two. */
function mixedTargets(parsed: ParsedConfiguration): ConfigurationIssue[] {
  const isHttp = (key: string) => parsed.targets.get(key)?.kind === 'http';
  return [...parsed.experiments.values()].flatMap(({ experiment }) => {
    const defaultTarget = parsed.endpoints.get(experiment.endpoint)?.defaultTarget;
    if (defaultTarget === undefined) return [];
    return experiment.variants.flatMap(({ target }, index) =>
      target === undefined || !parsed.targets.has(target) || isHttp(target) === isHttp(defaultTarget)
        ? []
        : [
            {
              resource: `experiments/${experiment.key}`,
              path: `/variants/${index}/target`,
              code: 'mixed-target-kinds',
              message: `"${target}" and the endpoint's default target "${defaultTarget}" must both be http or both be models`,
            },
          ],
    );
  });
}

/** Parameters satisfy the schema of their experiment and that of its endpoint. */
function unmetSchemas({ experiments, endpoints }: ParsedConfiguration): ConfigurationIssue[] {
  return [...experiments].flatMap(([key, { experiment }]) =>
    parameterIssues(experiment, endpoints.get(experiment.endpoint)?.parametersSchema).map((issue) => ({
      ...issue,
      resource: `experiments/${key}`,
    })),
  );
}

function prerequisites({ experiments }: ParsedConfiguration): ConfigurationIssue[] {
  const waiting = [...experiments.values()].filter(({ experiment }) => experiment.prerequisites.length > 0);
  if (waiting.length === 0) return [];
  const written = new Map([...experiments].map(([key, { experiment }]) => [key, experiment]));
  return waiting.flatMap(({ experiment: { key } }) =>
    prerequisiteIssues(key, written).map((issue) => ({ ...issue, resource: `experiments/${key}` })),
  );
}

/** Exposures of holdouts are told apart from those of experiments by the key alone. */
function sharedNames({ experiments, holdouts }: ParsedConfiguration): ConfigurationIssue[] {
  return [...holdouts.keys()]
    .filter((key) => experiments.has(key))
    .map((key) => ({
      resource: `holdouts/${key}`,
      path: '/key',
      code: 'shared-name',
      message: `"${key}" names an experiment too: give the holdout another key`,
      value: key,
    }));
}

/** A unit's id recorded in the clear would undo its pseudonym. */
function dimensions({ endpoints, experiments, holdouts }: ParsedConfiguration): ConfigurationIssue[] {
  const units = new Set([
    ...[...experiments.values()].flatMap(({ experiment: { unit, sticky } }) => [
      unit,
      sticky?.inheritsFrom ?? unit,
    ]),
    ...[...holdouts.values()].map(({ value }) => value.unit),
  ]);
  return [...endpoints].flatMap(([key, { dimensions: names }]) =>
    names.flatMap((name, index) =>
      units.has(name)
        ? [
            {
              resource: `endpoints/${key}`,
              path: `/dimensions/${index}`,
              code: 'unit-as-dimension',
              message: `"${name}" is the unit of an experiment: ids of units are never recorded`,
            },
          ]
        : [],
    ),
  );
}
