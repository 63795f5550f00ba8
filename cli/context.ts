import type { Command } from 'commander';
import { type GatewayClient, gatewayClient } from './gateway-client.ts';
import { openTerminal, type Terminal } from './terminal.ts';

/** What every command has: the gateway to ask and somewhere to write. */
export interface Context {
  readonly gateway: GatewayClient;
  readonly terminal: Terminal;
}

interface GlobalOptions {
  readonly url: string;
  readonly json?: boolean;
}

/** The context that the options of the whole program and the environment give. Keys come from the environment only. */
export function contextOf(command: Command): Context {
  const { url, json = false } = command.optsWithGlobals<GlobalOptions>();
  const key = process.env['SWITCHYARD_KEY'] ?? process.env['ADMIN_API_KEY'] ?? '';
  return { gateway: gatewayClient(url, key), terminal: openTerminal({ json }) };
}
