import { PolicyPack, type ResourceValidationPolicy, type StackValidationPolicy } from '@pulumi/policy';
import type { Rule } from './rule.ts';
import { RULES } from './rules.ts';

/** The rules as Pulumi runs them, before each resource is made: `pulumi up --policy-pack infra/policy`. */
new PolicyPack('switchyard', {
  enforcementLevel: 'mandatory',
  policies: RULES.flatMap((rule) => [...resourcePolicy(rule), ...stackPolicy(rule)]),
});

function resourcePolicy({ name, description, check }: Rule): ResourceValidationPolicy[] {
  if (check === undefined) return [];
  return [
    {
      name,
      description,
      validateResource: ({ type, name: resource, props, opts }, report) => {
        const { protect } = opts;
        for (const message of check({ type, name: resource, props, protect })) report(message);
      },
    },
  ];
}

function stackPolicy({ name, description, checkStack }: Rule): StackValidationPolicy[] {
  if (checkStack === undefined) return [];
  return [
    {
      name: `${name}-in-the-stack`,
      description,
      validateStack: ({ resources }, report) => {
        const checked = resources.map(({ type, name: resource, props, opts }) => ({
          type,
          name: resource,
          props,
          protect: opts.protect,
        }));
        for (const message of checkStack(checked)) report(message);
      },
    },
  ];
}
