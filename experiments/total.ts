/**
 * Makes reading a context total. A context off the wire is plain JSON and reads without fail; one handed over
 * in process may carry a getter that throws, a revoked proxy, a cycle or a symbol. Whatever throws while it
 * is read is as good as absent, and `otherwise` says what absence means.
 */
export function total<C, T>(read: (context: C) => T, otherwise: T): (context: C) => T {
  return (context) => {
    try {
      return read(context);
    } catch {
      return otherwise;
    }
  };
}
