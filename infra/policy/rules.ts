import { ACCESS_RULES } from './access-rules.ts';
import { DATA_RULES } from './data-rules.ts';
import { NETWORK_RULES } from './network-rules.ts';
import type { Rule } from './rule.ts';

/** What no stack of this program may be without. */
export const RULES: readonly Rule[] = [...DATA_RULES, ...ACCESS_RULES, ...NETWORK_RULES];
