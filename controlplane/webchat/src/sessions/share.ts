/** Takes a conversation along as a file: Markdown for people, JSON for programs. */

import { body, rest, type Message, type Session } from "../api/rest";

export type Form = "markdown" | "json";

async function messagesOf(sessionId: string): Promise<Message[]> {
  const all: Message[] = [];
  let before: number | undefined;
  do {
    const page = await body(
      rest.GET("/api/v1/sessions/{session_id}/history/", { params: { path: { session_id: sessionId }, query: { before, limit: 100 } } }),
    );
    all.unshift(...page.messages);
    before = page.has_earlier ? page.first_index : undefined;
  } while (before !== undefined);
  return all;
}

const NAMES: Record<string, string> = { human: "You", ai: "Assistant", tool: "Tool" };

const asMarkdown = (title: string, messages: Message[]): string =>
  [`# ${title}`, ...messages.filter(({ role, content }) => content && role !== "system").map(({ role, content }) => `## ${NAMES[role] ?? role}\n\n${content}`)].join("\n\n") + "\n";

export async function shareSession({ id, title }: Session, form: Form): Promise<void> {
  const messages = await messagesOf(id);
  const [text, type, ending] = form === "markdown" ? [asMarkdown(title, messages), "text/markdown", "md"] : [JSON.stringify({ id, title, messages }, null, 2), "application/json", "json"];
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  link.download = `${title.replace(/[^\p{L}\p{N} _-]/gu, "").trim().slice(0, 60) || "chat"}.${ending}`;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
