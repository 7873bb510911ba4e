/** Joins what the history tells and what is just being said into the rows of the screen. */

import type { History, Message as Kept, Schemas } from "../api/rest";
import type { Shown } from "./message";
import type { Turn } from "./turns";
import { usageOf } from "./usage";

const until = (messages: readonly Kept[], id: string | undefined): readonly Kept[] => {
  const place = id === undefined ? -1 : messages.findIndex((message) => message.id === id);
  return place < 0 ? messages : messages.slice(0, place);
};

function rowsOf(kept: readonly Kept[], live: readonly Kept[], usage: readonly Schemas["TokenUsage"][]): Shown[] {
  const all = [...kept, ...live];
  const results = new Map(all.filter(({ role }) => role === "tool").map((message) => [message.tool_call_id ?? "", message]));
  return all.flatMap((message, place) => {
    if (message.role === "tool" || message.role === "system") return [];
    return { message, results, isLive: place >= kept.length, usage: usageOf(message, usage) };
  });
}

export const lastQuestion = (pages: readonly History[]): Kept | undefined =>
  pages.flatMap((page) => page.messages.toReversed()).find(({ role }) => role === "human");

/** Whether the history has the message that a turn sent. */
export function isKept(pages: readonly History[], { sent, after }: Turn): boolean {
  const last = lastQuestion(pages);
  return last !== undefined && last.content === sent && (after === undefined || last.id !== after);
}

/** Whether a turn broke off before its answer, and nobody is asked for leave. */
export function isUnanswered({ messages, interrupts }: History): boolean {
  const last = messages.at(-1);
  return interrupts.length === 0 && last !== undefined && (last.role !== "ai" || last.tool_calls.length > 0);
}

/** Tell of the newest messages where they branch off, as far as that is known. */
export function withBranches(pages: readonly History[], known: History | undefined): History[] {
  const [newest, ...older] = pages;
  if (newest === undefined || known === undefined) return [...pages];
  const told = new Map(known.messages.map((message) => [message.id, message]));
  const messages = newest.messages.map((message) => {
    const { checkpoint_before, versions } = told.get(message.id) ?? {};
    return { ...message, checkpoint_before, versions };
  });
  return [{ ...newest, messages }, ...older];
}

/** Pages come newest first; messages of the turn that the history has already are told by it alone. */
export function conversation(pages: readonly History[], turn: Turn | undefined, usage: readonly Schemas["TokenUsage"][]): Shown[] {
  const kept = until(pages.toReversed().flatMap((page) => page.messages), turn?.hidesFrom);
  const known = new Set(kept.map(({ id }) => id));
  const live: Kept[] = (turn?.messages ?? []).filter(({ id }) => !known.has(id));
  const sent = turn?.sent !== undefined && !isKept(pages, turn);
  const mine: Kept[] = sent ? [{ id: "sent", role: "human", content: turn!.sent!, tool_calls: [] }] : [];
  return rowsOf(kept, [...mine, ...live], usage);
}

/** The message of the user that an answer belongs to: where to run from to answer it anew. */
export function questionOf(pages: readonly History[], answer: Kept): Kept | undefined {
  const all = pages.toReversed().flatMap((page) => page.messages);
  const place = all.findIndex(({ id }) => id === answer.id);
  return all.slice(0, Math.max(place, 0)).findLast(({ role }) => role === "human");
}
