import { hash } from 'node:crypto';

/** An API key is 256 random bits, so its plain digest is safe to keep and to look up by. */
export function digestOf(secret: string): string {
  return hash('sha256', secret, 'hex');
}
