import { readFileSync } from 'node:fs';
import { z } from 'zod';

const price = z.number().positive();
const pricesOf = <Key extends string>(...keys: readonly Key[]) =>
  z.strictObject(Object.fromEntries(keys.map((key) => [key, price])) as Record<Key, typeof price>);

/** The declared prices: US dollars per the unit that the key ends with. */
const pricesSchema = z.strictObject({
  date: z.iso.date(),
  currency: z.literal('USD'),
  regions: z.strictObject({ aws: z.string(), gcp: z.string() }),
  note: z.string(),
  sources: z.record(z.string(), z.string()),
  aws: pricesOf(
    'vcpuHour',
    'gibHour',
    'balancerHour',
    'balancerUnitHour',
    'natHour',
    'interfaceEndpointHour',
    'publicAddressHour',
    'keyMonth',
    'secretMonth',
    'alarmMonth',
    'dashboardMonth',
    'firewallMonth',
    'firewallMillionRequests',
    'healthCheckMonth',
    'zoneMonth',
    'logGib',
    'storeGibMonth',
    'writeThousand',
    'egressGib',
  ),
  gcp: pricesOf(
    'vcpuHour',
    'gibHour',
    'balancerHour',
    'balancerGib',
    'natHour',
    'publicAddressHour',
    'secretMonth',
    'firewallMonth',
    'firewallMillionRequests',
    'logGib',
    'storeGibMonth',
    'writeThousand',
    'egressGib',
  ),
  assumed: pricesOf(
    'requestGib',
    'answerGib',
    'logGibPerRequest',
    'exposureGib',
    'balancerUnitsPerThousandRequestsASecond',
  ),
});
export type Prices = z.infer<typeof pricesSchema>;

export const PRICES: Prices = pricesSchema.parse(
  JSON.parse(readFileSync(new URL('./prices.json', import.meta.url), 'utf8')),
);
