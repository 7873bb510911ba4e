/** The turns under way, one per session, kept outside of the pages: leaving a chat does not end its answer. */

import { useSyncExternalStore } from "react";

import { agent } from "../api/agent";
import { asProblem, Problem, problemOfRun } from "../api/problem";
import { historyKey, queryClient } from "../api/queries";
import { heard, type LiveMessage, type Part } from "./stream-parts";

/** `hidesFrom` is the message that this turn replaces, with all after it. */
export type Turn = {
  runId?: string;
  sent?: string;
  hidesFrom?: string;
  messages: readonly LiveMessage[];
  error?: Problem;
};

export type Wish = { text?: string; checkpointId?: string; hidesFrom?: string; resume?: unknown };

const turns = new Map<string, Turn>();
const listeners = new Set<() => void>();

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

function tell(): void {
  listeners.forEach((listener) => listener());
}

function put(sessionId: string, turn: Turn | null): void {
  if (turn) turns.set(sessionId, turn);
  else turns.delete(sessionId);
  tell();
}

export const isRunning = (turn: Turn | undefined): boolean => turn !== undefined && turn.error === undefined;

export const useTurn = (sessionId: string | undefined): Turn | undefined =>
  useSyncExternalStore(subscribe, () => (sessionId === undefined ? undefined : turns.get(sessionId)));

export function useRunning(sessionId: string): boolean {
  return useSyncExternalStore(subscribe, () => isRunning(turns.get(sessionId)));
}

/** Send a message, answer one anew, or go on; the answer appears in the turn while it comes. */
export async function startTurn(sessionId: string, { text, checkpointId, hidesFrom, resume }: Wish): Promise<void> {
  if (isRunning(turns.get(sessionId))) return;
  put(sessionId, { sent: text, hidesFrom, messages: [] });
  await follow(sessionId, async function* () {
    const client = await agent();
    yield* client.runs.stream(sessionId, "agent", {
      input: text === undefined ? null : { messages: [{ type: "human", content: text }] },
      ...(resume !== undefined && { command: { resume } }),
      ...(checkpointId && { checkpointId }),
      streamMode: ["messages-tuple"],
      streamResumable: true,
      onDisconnect: "continue",
      multitaskStrategy: "reject",
    }) as AsyncGenerator<Part>;
  });
}

/** Listen from its start to a run that somebody else began: this page before it was loaded again, or REST. */
export async function joinTurn(sessionId: string, runId: string): Promise<void> {
  if (isRunning(turns.get(sessionId))) return;
  put(sessionId, { runId, messages: [] });
  await follow(sessionId, async function* () {
    const client = await agent();
    yield* client.runs.joinStream(sessionId, runId, { lastEventId: "0-0" }) as AsyncGenerator<Part>;
  });
}

export async function stopTurn(sessionId: string): Promise<void> {
  const runId = turns.get(sessionId)?.runId;
  if (runId === undefined) return;
  const client = await agent();
  await client.runs.cancel(sessionId, runId, true);
}

export const forgetFailure = (sessionId: string): void => {
  if (turns.get(sessionId)?.error) put(sessionId, null);
};

async function follow(sessionId: string, listen: () => AsyncGenerator<Part>): Promise<void> {
  let error: Problem | undefined;
  try {
    for await (const part of listen()) {
      if (part.event === "error") error = problemOfRun(part.data as { error?: string; message?: string });
      else hear(sessionId, part);
    }
  } catch (thrown) {
    error = asProblem(thrown);
  }
  if (error?.message.includes("UserInterrupt") || error?.message.includes("cancelled")) error = undefined;
  await finish(sessionId, error);
}

/** The history has the last word, to the letter; a message that never arrived stays to be sent again. */
async function finish(sessionId: string, error: Problem | undefined): Promise<void> {
  await queryClient.invalidateQueries({ queryKey: historyKey(sessionId, undefined).slice(0, 2) });
  void queryClient.invalidateQueries({ queryKey: ["sessions"] });
  void queryClient.invalidateQueries({ queryKey: ["usage", sessionId] });
  const turn = turns.get(sessionId);
  put(sessionId, error ? { messages: [], error, sent: turn?.runId ? undefined : turn?.sent } : null);
}

let frame: number | undefined;

function hear(sessionId: string, part: Part): void {
  const turn = turns.get(sessionId);
  if (turn === undefined) return;
  const runId = part.event === "metadata" ? (part.data as { run_id?: string }).run_id : undefined;
  turns.set(sessionId, { ...turn, ...(runId && { runId }), messages: heard(turn.messages, part) });
  // Many words may arrive between two pictures; the screen is drawn once for all of them.
  frame ??= requestAnimationFrame(() => {
    frame = undefined;
    tell();
  });
}
