import { RE2JS, RE2JSException } from 're2js';
import { type OperandCompiler, type Predicate, refuse, shown } from './scope.ts';

const MAX_PATTERN_CHARS = 500;
/** Longer text never matches: the time of one test is bounded by text × program. */
const MAX_TEXT_CHARS = 4_096;
/** RE2 instructions; with the longest text, tens of milliseconds at the very worst. */
const MAX_PROGRAM_SIZE = 1_000;

/**
 * `$regex` and `$regexi`: RE2 syntax, searched anywhere in the text, in time linear in the text whatever the
 * pattern. Strings are tested, and numbers and booleans by their text; anything else, an absent value and text
 * longer than 4,096 characters match no pattern.
 */
export function patternOperator({ ignoreCase }: { readonly ignoreCase: boolean }): OperandCompiler {
  return (operand, scope) => {
    if (typeof operand !== 'string' || operand.length > MAX_PATTERN_CHARS) {
      return refuse(scope, 'invalid-regex', `must be a pattern of at most ${MAX_PATTERN_CHARS} characters`);
    }
    const pattern = compilePattern(operand, ignoreCase);
    if (pattern instanceof RE2JSException) {
      return refuse(scope, 'invalid-regex', `${shown(operand)}: ${explain(pattern.message)}`);
    }
    if (pattern.programSize() > MAX_PROGRAM_SIZE) {
      const size = `${pattern.programSize()} instructions of at most ${MAX_PROGRAM_SIZE}`;
      return refuse(scope, 'invalid-regex', `${shown(operand)} compiles to ${size}: shorten its repetitions`);
    }
    return tester(pattern);
  };
}

function tester(pattern: RE2JS): Predicate {
  return (value) => {
    const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
    return typeof text === 'string' && text.length <= MAX_TEXT_CHARS && pattern.test(text);
  };
}

function compilePattern(pattern: string, ignoreCase: boolean): RE2JS | RE2JSException {
  try {
    return RE2JS.compile(pattern, ignoreCase ? RE2JS.CASE_INSENSITIVE : 0);
  } catch (error) {
    if (error instanceof RE2JSException) return error;
    throw error;
  }
}

function explain(reason: string): string {
  const lookaround = /`\(\?(=|!|<=|<!)/.test(reason) || /named capture: `\(\?<[=!]/.test(reason);
  const backreference = /escape sequence: `\\[1-9]/.test(reason);
  if (lookaround)
    return 'lookahead and lookbehind are not in RE2, which keeps matching linear: write it without';
  if (backreference) return 'backreferences are not in RE2, which keeps matching linear: write it without';
  return `${reason} (the syntax is RE2's)`;
}
