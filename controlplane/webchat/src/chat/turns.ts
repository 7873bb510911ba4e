/** The turns under way, one per session, kept outside of the pages: leaving a chat does not end its answer. */

import { useSyncExternalStore } from "react";

import { agent } from "../api/agent";
import { bothAnswer, look, suspect } from "../api/outages";
import { asProblem, Problem, problemOfRun } from "../api/problem";
import { historyKey, newestPage, queryClient, runUnderWay } from "../api/queries";
import { hearTabs, tellTabs } from "../api/tabs";
import { noteUnread } from "../sessions/unread";
import { isKept, isUnanswered } from "./conversation";
import { heard, type LiveMessage, type Part } from "./stream-parts";
import { refresh } from "../api/refresh";

/** `hidesFrom` is the message that this turn replaces, with all after it. */
export type Turn = {
  runId?: string;
  sent?: string;
  /** The last question that was there before this one. */
  after?: string;
  hidesFrom?: string;
  messages: readonly LiveMessage[];
  error?: Problem;
  /** What was asked for, to ask again where it failed. */
  wish?: Wish;
};

export type Wish = { text?: string; after?: string; checkpointId?: string; hidesFrom?: string; resume?: unknown };

const SILENT_MS = 2_000;

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

/** Messages that wait in this tab for the end of an answer, by session. */
const queues = new Map<string, readonly string[]>();
const EMPTY: readonly string[] = [];

export const useQueue = (sessionId: string): readonly string[] =>
  useSyncExternalStore(subscribe, () => queues.get(sessionId) ?? EMPTY);

/** Have a message sent when the answer under way is over. */
export function queueMessage(sessionId: string, text: string): void {
  queues.set(sessionId, [...(queues.get(sessionId) ?? EMPTY), text]);
  tell();
}

export function unqueueMessage(sessionId: string, place: number): void {
  queues.set(sessionId, (queues.get(sessionId) ?? EMPTY).filter((_, at) => at !== place));
  tell();
}

function sendNext(sessionId: string): void {
  const [text, ...rest] = queues.get(sessionId) ?? EMPTY;
  if (text === undefined) return;
  queues.set(sessionId, rest);
  void startTurn(sessionId, { text });
}

/** Send a message, answer one anew, or go on; the answer appears in the turn while it comes. */
export async function startTurn(sessionId: string, wish: Wish): Promise<void> {
  if (isRunning(turns.get(sessionId))) return;
  put(sessionId, { sent: wish.text, after: wish.after, hidesFrom: wish.hidesFrom, wish, messages: [] });
  await follow(sessionId, () => ask(sessionId, wish));
}

async function* ask(sessionId: string, { text, checkpointId, resume }: Wish): AsyncGenerator<Part> {
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
}

async function* listenTo(sessionId: string, runId: string): AsyncGenerator<Part> {
  const client = await agent();
  yield* client.runs.joinStream(sessionId, runId, { lastEventId: "0-0" }) as AsyncGenerator<Part>;
}

/** A server that died may not know of a run that the control plane has not given up yet. */
async function* unlessGone(parts: AsyncGenerator<Part>): AsyncGenerator<Part> {
  try {
    yield* parts;
  } catch (error) {
    if (asProblem(error).status !== 404) throw error;
  }
}

/**
 * Ask once more for what failed, when both planes answer: a plane that died may have taken the message with it,
 * kept it without an answer, or be answering it by now, and it must be neither lost nor said twice.
 */
export async function retryTurn(sessionId: string): Promise<void> {
  const failed = turns.get(sessionId);
  if (failed?.error === undefined) return;
  const { wish = { text: failed.sent, after: failed.after }, hidesFrom = wish.hidesFrom } = failed;
  put(sessionId, { sent: wish.text, after: wish.after, hidesFrom, wish, messages: [] });
  await follow(sessionId, async function* () {
    await bothAnswer();
    const runId = await runUnderWay(sessionId);
    if (runId !== undefined) yield* unlessGone(listenTo(sessionId, runId));
    const page = await newestPage(sessionId);
    if (wish.text === undefined) { if (runId === undefined) yield* ask(sessionId, wish); }
    else if (!isKept([page], failed)) yield* ask(sessionId, wish);
    else if (isUnanswered(page)) yield* ask(sessionId, {});
  });
}

/** Listen to a run that is on: the page was loaded anew in the middle of an answer, or a plane was away. */
export async function joinLast(sessionId: string): Promise<void> {
  const runId = await runUnderWay(sessionId).catch(() => undefined); // whoever shows the history says what is wrong
  if (runId !== undefined) await joinTurn(sessionId, runId, turnOf(sessionId));
}

/** Listen from its start to a run that somebody else began: this page before it was loaded again, or REST. */
export async function joinTurn(sessionId: string, runId: string, shown: Partial<Turn> = {}): Promise<void> {
  if (isRunning(turns.get(sessionId))) return;
  const { sent, after, hidesFrom } = shown;
  put(sessionId, { sent, after, hidesFrom, runId, messages: [] });
  await follow(sessionId, () => listenTo(sessionId, runId));
}

export async function stopTurn(sessionId: string): Promise<void> {
  const runId = turns.get(sessionId)?.runId;
  if (runId === undefined) return;
  const client = await agent();
  await client.runs.cancel(sessionId, runId, true);
}

export const turnOf = (sessionId: string): Turn | undefined => turns.get(sessionId);

export const forgetFailure = (sessionId: string): void => {
  if (turns.get(sessionId)?.error) put(sessionId, null);
};

async function follow(sessionId: string, listen: () => AsyncGenerator<Part>): Promise<void> {
  let error: Problem | undefined;
  let last = Date.now();
  // The SDK tries again by itself when a stream breaks off, and tells nobody meanwhile.
  const watch = window.setInterval(() => { if (Date.now() - last > SILENT_MS) look(); }, SILENT_MS);
  try {
    for await (const part of listen()) {
      last = Date.now();
      if (part.event === "error") error = problemOfRun(part.data as { error?: string; message?: string });
      else hear(sessionId, part);
    }
  } catch (thrown) {
    error = asProblem(thrown);
  } finally {
    window.clearInterval(watch);
  }
  if (error?.message.includes("UserInterrupt") || error?.message.includes("cancelled")) error = undefined;
  await finish(sessionId, error);
}

/** The history has the last word, to the letter; a message that never arrived stays to be sent again. */
async function finish(sessionId: string, error: Problem | undefined): Promise<void> {
  await refresh(queryClient, historyKey(sessionId, undefined).slice(0, 2));
  void refresh(queryClient, ["sessions"]);
  void refresh(queryClient, ["usage", sessionId]);
  const turn = turns.get(sessionId);
  put(sessionId, error ? { messages: [], error, sent: turn?.sent, after: turn?.after, wish: turn?.wish } : null);
  if (error) suspect(error);
  else sendNext(sessionId);
  if (!window.location.pathname.endsWith(sessionId) || document.hidden) noteUnread(sessionId);
}

hearTabs((news) => {
  if (news.kind === "turn") void joinTurn(news.sessionId, news.runId, news);
});

let frame: number | undefined;

function hear(sessionId: string, part: Part): void {
  const turn = turns.get(sessionId);
  if (turn === undefined) return;
  const runId = part.event === "metadata" ? (part.data as { run_id?: string }).run_id : undefined;
  if (runId && runId !== turn.runId) tellTabs({ kind: "turn", sessionId, runId, sent: turn.sent, hidesFrom: turn.hidesFrom });
  turns.set(sessionId, { ...turn, ...(runId && { runId }), messages: heard(turn.messages, part) });
  // Many words may arrive between two pictures; the screen is drawn once for all of them.
  frame ??= requestAnimationFrame(() => {
    frame = undefined;
    tell();
  });
}
