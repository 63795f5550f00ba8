/** What the exit code says, to scripts that do not read the output. `docs/cli.md` lists them. */
export const EXIT = {
  ok: 0,
  /** The gateway refused, or a check failed. */
  failed: 1,
  /** The command line is at fault. */
  usage: 2,
  /** Nobody answers at the gateway's URL. */
  unreachable: 3,
  /** The key is missing, unknown, or has not the role for this. */
  forbidden: 4,
  /** There is no such thing. */
  notFound: 5,
  /** `experiment results --check`: the data do not yet say. */
  keepRunning: 10,
  /** `experiment results --check`: every variant has lost. */
  rollBack: 11,
  /** `experiment results --check`: the numbers cannot be trusted. */
  untrusted: 12,
  /** `experiment results --check`: it has stopped before the data could say. */
  inconclusive: 13,
  /** `start`, `runner`, `analyze`: a setting cannot be used (EX_CONFIG of sysexits.h). */
  settings: 78,
} as const;
