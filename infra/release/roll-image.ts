import type { Document } from 'yaml';

/** The services that are rolled apart from each other. */
export const SERVICES = ['gateway', 'runner'] as const;
export type Service = (typeof SERVICES)[number];

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/**
 * Changes a stack's file so that the service runs the image, and keeps the digest that it ran for the way back.
 * Throws when the digest is none, or is the one that runs.
 */
export function rollImage(stackFile: Document, service: Service, digest: string): void {
  if (!DIGEST.test(digest)) throw new Error(`${digest} is no digest: sha256: and 64 hex digits`);
  const running = stackFile.getIn(pathOf(service, 'image'));
  if (running === digest) throw new Error(`${service} runs ${digest} already`);
  stackFile.setIn(pathOf(service, 'image'), digest);
  if (running !== undefined) stackFile.setIn(pathOf(service, 'previousImage'), running);
}

/** Changes a stack's file back to the image before; doing it twice comes out where it began. Throws without one. */
export function rollBack(stackFile: Document, service: Service): void {
  const previous = stackFile.getIn(pathOf(service, 'previousImage'));
  if (typeof previous !== 'string') throw new Error(`${service} has no previousImage to go back to`);
  rollImage(stackFile, service, previous);
}

const pathOf = (service: Service, key: string) => ['config', `switchyard:${service}`, key];
