/** Past these a person is woken, in either cloud alike. docs/operations.md says what to do about each. */
export const ALARM_LIMITS = {
  serverErrorsPerMinute: 20,
  p99Seconds: 2,
  cpuPercent: 85,
  memoryPercent: 85,
  errorLogsPerMinute: 5,
} as const;
