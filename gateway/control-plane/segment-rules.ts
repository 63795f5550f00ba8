import type { Issue } from '../../experiments/issue.ts';
import { Problem } from '../problems.ts';
import type { ResourceRules } from './resource-routes.ts';

type Value = Record<string, unknown>;

/** A list that was uploaded stays, until the segment is written with values or a condition. */
export const segmentRules: ResourceRules = {
  onReplace: withListOf,
  onApply: (current, body, { managed }) => {
    if (current !== null) return withListOf(current, body);
    if (managed['list'] === undefined) return body;
    throw new Problem('wrong-state', LIST_ELSEWHERE.message, { issues: [LIST_ELSEWHERE] });
  },
};

const LIST_ELSEWHERE: Issue = {
  path: '/list',
  code: 'list-elsewhere',
  message: 'its values are not in a file: take "list" out, and upload them once the segment is there',
};

function withListOf({ list }: Value, body: Value): Value {
  const isList = body['values'] === undefined && body['condition'] === undefined;
  return isList && list !== undefined ? { ...body, list } : body;
}
