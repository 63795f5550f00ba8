import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { planPlacement } from '../placement.ts';
import { SECRET_SETTINGS } from '../settings.ts';
import { type CostEstimate, estimateCost } from './estimate.ts';
import { PRICES } from './prices.ts';

/** An estimate looks at no secret: these stand for them, as they may be encrypted or not there at all. */
const STAND_INS = { mongodbUri: 'mongodb://stand-in', adminApiKey: 'stand-in-for-the-key' };

function main([stack]: readonly string[]): number {
  if (stack === undefined) {
    process.stderr.write(
      'npm run cost -- <stack>\n\nWhat the stack costs a month, by the prices in infra/cost/prices.json.\n',
    );
    return 2;
  }
  const planned = planPlacement(stack, settingsOf(stack), new Set(SECRET_SETTINGS));
  if (!planned.ok) {
    process.stderr.write(`${['The stack cannot be planned:', ...planned.issues].join('\n  ')}\n`);
    return 1;
  }
  process.stdout.write(report(stack, estimateCost(planned.placement, PRICES)));
  return 0;
}

function settingsOf(stack: string): Record<string, string> {
  const { config } = parse(readFileSync(`Pulumi.${stack}.yaml`, 'utf8')) as {
    config: Record<string, unknown>;
  };
  const texts = Object.entries(config).map(([key, value]) => [
    key.replace(/^switchyard:/, ''),
    typeof value === 'object' ? JSON.stringify(value) : String(value),
  ]);
  return { ...Object.fromEntries(texts), ...STAND_INS };
}

function report(
  stack: string,
  { lines, monthlyUsd, mostMonthlyUsd, millionRequestsUsd }: CostEstimate,
): string {
  const row = (item: string, usd: number, most: number) =>
    `${item.padEnd(52)}${usd.toFixed(2).padStart(10)}${most.toFixed(2).padStart(12)}`;
  const scaling = Object.entries(millionRequestsUsd).map(
    ([cloud, usd]) => `${`${cloud} each million requests, besides`.padEnd(52)}${usd.toFixed(2).padStart(10)}`,
  );
  return [
    `${stack}: US dollars a month, by list prices put in by hand on ${PRICES.date} (infra/cost/prices.json)`,
    `${''.padEnd(52)}${'at rest'.padStart(10)}${'at most'.padStart(12)}`,
    ...lines.map((line) => row(`${line.cloud} ${line.item}`, line.monthlyUsd, line.mostMonthlyUsd)),
    row('together', monthlyUsd, mostMonthlyUsd),
    ...scaling,
    '',
  ].join('\n');
}

process.exitCode = main(process.argv.slice(2));
