import { useSyncExternalStore } from 'react';

const STORAGE_KEY = 'switchyard.key';
const listeners = new Set<() => void>();

/** The key that the tab was given; it lives as long as the tab does and is never written to disk by the console. */
export function sessionKey(): string | null {
  return sessionStorage.getItem(STORAGE_KEY);
}

export function signIn(key: string): void {
  sessionStorage.setItem(STORAGE_KEY, key);
  for (const listener of listeners) listener();
}

export function signOut(): void {
  sessionStorage.removeItem(STORAGE_KEY);
  for (const listener of listeners) listener();
}

/** Whether somebody is signed in; re-renders when that changes. */
export function useSession(): { readonly signedIn: boolean } {
  const key = useSyncExternalStore(subscribe, sessionKey);
  return { signedIn: key !== null };
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
