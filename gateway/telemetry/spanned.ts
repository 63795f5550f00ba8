import type { TracedSpan } from '../../models/tracing/traced-span.ts';

/** Waits for work under a span of its own, where traces are kept. */
export async function spanned<T>(parent: TracedSpan | null, name: string, work: Promise<T>): Promise<T> {
  if (parent === null) return work;
  const span = parent.child(name);
  try {
    return await work;
  } catch (error) {
    span.fail(error instanceof Error ? error.name : 'unknown');
    throw error;
  } finally {
    span.end();
  }
}
