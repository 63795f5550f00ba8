import { pythonEnvironment } from './python-environment.ts';

/** A parser of many engines' SQL. */
const { python, missing } = pythonEnvironment('sqlglot-30.30.0', {
  packages: ['sqlglot==30.30.0'],
  imports: 'sqlglot',
});

/** The interpreter that has it. */
export const SQLGLOT_PYTHON = python;

/** Null when the parser is there or could be installed; else why not. */
export const whyNoSqlglot = (): string | null => missing;
