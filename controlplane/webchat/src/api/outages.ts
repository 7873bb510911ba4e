/** Whether both planes answer. Nobody asks until something failed; then they are asked until both are back. */

import { useEffect, useSyncExternalStore } from "react";

import { agentUrl } from "./agent";
import { Problem } from "./problem";

const AGAIN_MS = 2_000;
const LONGEST_MS = 4_000;
const PATIENCE_MS = 120_000;

let isOut = false;
let hasFailed = false;
let asking: number | undefined;
const listeners = new Set<() => void>();
export const recovered = new EventTarget();

const answers = async (address: string): Promise<boolean> => {
  try {
    return (await fetch(address, { signal: AbortSignal.timeout(LONGEST_MS), credentials: "omit" })).ok;
  } catch {
    return false;
  }
};

async function ask(): Promise<void> {
  const agent = agentUrl();
  const both = await Promise.all([answers("/health/live/"), agent === undefined || answers(`${agent}/ok`)]);
  const wasOut = isOut;
  isOut = !both.every(Boolean);
  asking = isOut ? window.setTimeout(() => void ask(), AGAIN_MS) : undefined;
  if (wasOut !== isOut) listeners.forEach((listener) => listener());
  // Also when they were back before anybody could look.
  if (!isOut && (wasOut || hasFailed)) recovered.dispatchEvent(new Event("recovered"));
  hasFailed &&= isOut;
}

/** Look after the planes now. */
export function look(): void {
  if (asking !== undefined) return;
  asking = 0;
  void ask();
}

/** Look after the planes where an error says that one of them may be away. */
export function suspect(error: unknown): void {
  if (!(error instanceof Problem) || (error.code !== "unreachable" && error.status < 500)) return;
  hasFailed = true;
  look();
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const useOutage = (): boolean => useSyncExternalStore(subscribe, () => isOut);

/** Wait until both planes answer, for two minutes at most; then the next request may tell what is wrong. */
export function bothAnswer(): Promise<void> {
  return new Promise((done) => {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    signal.addEventListener("abort", () => done());
    recovered.addEventListener("recovered", () => done(), { once: true, signal });
    hasFailed = true;
    look();
  });
}

/** Do something once the planes are back. */
export function useRecovery(deed: () => void): void {
  useEffect(() => {
    recovered.addEventListener("recovered", deed);
    return () => recovered.removeEventListener("recovered", deed);
  }, [deed]);
}
