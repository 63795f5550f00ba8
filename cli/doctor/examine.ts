import { readConfig } from '../../gateway/config.ts';
import type { GatewayClient } from '../gateway-client.ts';
import { examineDataDirectory } from './examine-data-directory.ts';
import { examineDatabase } from './examine-database.ts';
import { examineGateway } from './examine-gateway.ts';
import { examineLake } from './examine-lake.ts';
import { type Finding, fine, wrong } from './finding.ts';

export interface Examined {
  /** What `npm start` would be configured by. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly gateway: GatewayClient;
}

/** Strips types by itself from here on. */
const LEAST_NODE = 24;

/**
 * Everything that keeps a gateway from working on this machine, in the order in which one would look: the
 * runtime, the settings, the disk, the database, the lake, and what a running gateway says of itself.
 */
export async function examine({ environment, gateway }: Examined): Promise<Finding[]> {
  const read = readConfig(environment);
  if (!read.ok) {
    const settings = read.problems.map((problem) =>
      wrong('settings', problem, 'correct the variable; the README lists what each may be'),
    );
    return [examineRuntime(), ...settings];
  }
  const { config } = read;
  return [
    examineRuntime(),
    fine('settings', 'every variable can be used'),
    ...(await examineDataDirectory(config)),
    await examineDatabase(config),
    ...(await examineLake(config)),
    ...(await examineGateway(gateway, config)),
  ];
}

function examineRuntime(): Finding {
  const major = Number(process.versions.node.split('.')[0]);
  return major >= LEAST_NODE
    ? fine('Node', process.version)
    : wrong(
        'Node',
        `${process.version} cannot run this`,
        'start by npm (npm start, npx switchyard): it brings Node 24',
      );
}
