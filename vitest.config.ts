import { defineConfig } from 'vitest/config';

/** They change what a whole process is: its time zone, or the cloud that libraries believe it to run in. */
const CHANGE_THEIR_PROCESS = [
  'test/gateway/pipeline/lake-shipper.test.ts',
  'test/journeys/{aws-to-gcp,cloud-targets,gcp-to-aws,signed-runner}.test.ts',
];

/** `fast` and `fast-isolated` are the README's test command; the other projects are the slower tiers that CI runs after it. */
export default defineConfig({
  test: {
    pool: 'forks',
    // Much of a test is waiting: both cores have work even on a machine that has two.
    maxWorkers: '100%',
    coverage: {
      provider: 'v8',
      include: ['experiments/**/*.ts', 'models/**/*.ts', 'gateway/**/*.ts', 'infra/**/*.ts', 'cli/**/*.ts'],
      reporter: ['text-summary', 'html'],
    },
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: [
            'test/{faults,processes,peers,bench,stacks,simulations,browser}/**',
            ...CHANGE_THEIR_PROCESS,
          ],
          testTimeout: 20_000,
          // Files share a process, and what it has loaded: a fifth of the tier was loading it again for each.
          isolate: false,
        },
      },
      { test: { name: 'fast-isolated', include: CHANGE_THEIR_PROCESS, testTimeout: 20_000 } },
      {
        test: {
          name: 'faults',
          include: ['test/faults/**/*.test.ts'],
          testTimeout: 180_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'processes',
          include: ['test/processes/**/*.test.ts'],
          testTimeout: 180_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'stacks',
          include: ['test/stacks/**/*.test.ts'],
          testTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'simulations',
          include: ['test/simulations/**/*.test.ts'],
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'peers',
          include: ['test/peers/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
