import autocannon from 'autocannon';
import { type BenchResult, median } from './bench-result.ts';
import { measure, type Subject, start } from './proxy.ts';

const BATCH_CLIENTS = 64;
const BATCH_ROUNDS = 3;
const SECONDS_PER_ROUND = 3;

const TINY_BODY = JSON.stringify({
  inputs: [{ name: 'features', datatype: 'FP32', shape: [4, 2], data: [1, 2, 3, 4, 5, 6, 7, 8] }],
});
const WIDE_BODY = JSON.stringify({
  inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 8], data: [1, 2, 3, 4, 5, 6, 7, 8] }],
});

/** A model that takes ten microseconds, served, beside a route that parses JSON and answers a constant. */
export async function benchTinyModel(): Promise<BenchResult> {
  const express = await start('express-constant');
  const runner = await start('onnx-runner');
  const gateway = await start('onnx-gateway');
  const children = [express, runner, gateway];
  try {
    const [origin = '', secret = ''] = gateway.url.split('#');
    const subjects: readonly Subject[] = [
      {
        ...express,
        name: 'Express, JSON in, a constant out',
        url: `${express.url}/infer`,
        headers: {},
        body: TINY_BODY,
      },
      { ...runner, name: 'runner', url: `${runner.url}/v2/models/tiny/infer`, headers: {}, body: TINY_BODY },
      {
        ...gateway,
        name: 'gateway, everything on',
        url: `${origin}/v2/models/tiny/infer`,
        headers: { 'x-api-key': secret },
        body: TINY_BODY,
      },
    ];
    const samples = await measure(subjects);
    const [base = [], ...others] = [...samples.values()];
    return {
      name: 'tiny ONNX model, 32 connections',
      unit: 'requests per CPU second',
      rows: [...samples].map(([subject, rates]) => ({ subject, median: median(rates) })),
      ratios: others.map((rates, index) => ({
        label: `${subjects[index + 1]?.name} / Express`,
        value: median(rates.map((rate, round) => rate / (base[round] ?? 0))),
        budget: 0.7,
      })),
    };
  } finally {
    for (const { child } of children) child.disconnect();
  }
}

/** A model whose weights cost more to read than to multiply with, at 64 clients, batched and one by one. */
export async function benchBatching(): Promise<BenchResult> {
  const runner = await start('onnx-runner');
  try {
    const rates: { batched: number[]; alone: number[] } = { batched: [], alone: [] };
    for (let round = -1; round < BATCH_ROUNDS; round += 1) {
      for (const model of ['batched', 'alone'] as const) {
        const rate = await requestsPerSecond(`${runner.url}/v2/models/${model}/infer`);
        // The first round only lets the compiler see the code.
        if (round >= 0) rates[model].push(rate);
      }
    }
    return {
      name: `batchable ONNX model, ${BATCH_CLIENTS} clients, one thread`,
      unit: 'requests/s',
      rows: [
        { subject: 'what waited is run together', median: median(rates.batched) },
        { subject: 'one request at a time', median: median(rates.alone) },
      ],
      ratios: [
        {
          label: 'together / one at a time',
          value: median(rates.batched.map((rate, round) => rate / (rates.alone[round] ?? 0))),
          budget: 2,
        },
      ],
    };
  } finally {
    runner.child.disconnect();
  }
}

async function requestsPerSecond(url: string): Promise<number> {
  const result = await autocannon({
    url,
    method: 'POST',
    connections: BATCH_CLIENTS,
    duration: SECONDS_PER_ROUND,
    body: WIDE_BODY,
  });
  const failures = result.non2xx + result.errors + result.timeouts;
  if (failures > 0) throw new Error(`${failures} of ${result.requests.total} requests failed`);
  return result.requests.average;
}
