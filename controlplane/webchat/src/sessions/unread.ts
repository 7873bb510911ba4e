/** Chats whose answer came while another was looked at; kept on this device. */

import { useSyncExternalStore } from "react";

const KEPT = "threadplane.unread";
const listeners = new Set<() => void>();

const read = (): string[] => JSON.parse(localStorage.getItem(KEPT) ?? "[]") as string[];

function write(ids: string[]): void {
  localStorage.setItem(KEPT, JSON.stringify(ids.slice(-200)));
  listeners.forEach((listener) => listener());
}

export const noteUnread = (sessionId: string): void => write([...read().filter((id) => id !== sessionId), sessionId]);

export function noteRead(sessionId: string): void {
  if (read().includes(sessionId)) write(read().filter((id) => id !== sessionId));
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  window.addEventListener("storage", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("storage", listener);
  };
};

export const useUnread = (sessionId: string): boolean => useSyncExternalStore(subscribe, () => read().includes(sessionId));
