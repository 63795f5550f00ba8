import { useSyncExternalStore } from 'react';

const KEY = 'switchyard.key';
/** Stands there while somebody is signed in by the identity provider: the session itself is a cookie that no script sees. */
const BY_PROVIDER = 'switchyard.by-provider';
const listeners = new Set<() => void>();

/** The key that the tab was given; it lives as long as the tab does and is never written to disk by the console. */
function sessionKey(): string | null {
  return sessionStorage.getItem(KEY);
}

/** What a request says of who makes it; a cookie says it by itself. */
export function credentials(): Readonly<Record<string, string>> {
  const key = sessionKey();
  return key === null ? {} : { authorization: `Bearer ${key}` };
}

export function signIn(key: string): void {
  sessionStorage.setItem(KEY, key);
  changed();
}

/** The browser has a session of the identity provider. */
export function signedInByProvider(): void {
  sessionStorage.setItem(BY_PROVIDER, 'yes');
  changed();
}

/** Forgets who was signed in; the gateway is not asked. */
export function forgetSession(): void {
  sessionStorage.removeItem(KEY);
  sessionStorage.removeItem(BY_PROVIDER);
  changed();
}

/** Signs out, of the provider's session too. */
export async function signOut(): Promise<void> {
  if (sessionKey() === null) await fetch('/admin/v1/session', { method: 'DELETE' });
  forgetSession();
}

/** Whether somebody is signed in; re-renders when that changes. */
export function useSession(): { readonly signedIn: boolean } {
  return { signedIn: useSyncExternalStore(subscribe, isSignedIn) };
}

/** Whether people may sign in by an identity provider: the gateway writes it into the page. */
export function hasIdentityProvider(): boolean {
  return document.querySelector<HTMLMetaElement>('meta[name=identity-provider]')?.content === 'yes';
}

function isSignedIn(): boolean {
  return sessionKey() !== null || sessionStorage.getItem(BY_PROVIDER) !== null;
}

function changed(): void {
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
