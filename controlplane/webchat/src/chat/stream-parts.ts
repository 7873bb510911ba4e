/** Lays the parts of a run's stream together into messages, as the history will tell them. */

export type Part = { id?: string; event: string; data: unknown };

export type LiveMessage = {
  id: string;
  role: "ai" | "tool";
  content: string;
  reasoning: string;
  tool_calls: { id: string; name: string; arguments: Record<string, unknown> }[];
  tool_call_id?: string;
  name?: string;
  is_error?: boolean;
};

type Block = { type?: string; text?: string; thinking?: string; reasoning?: string };
type Wire = {
  id?: string;
  type: string;
  content: string | Block[];
  additional_kwargs?: { reasoning_content?: string };
  tool_calls?: { id?: string; name: string; args: Record<string, unknown> }[];
  tool_call_chunks?: { id?: string; name?: string }[];
  tool_call_id?: string;
  name?: string;
  status?: string;
};

const textOf = (content: Wire["content"]): string =>
  typeof content === "string" ? content : content.map((block) => (block.type === "text" ? (block.text ?? "") : "")).join("");

const thoughtOf = ({ content, additional_kwargs }: Wire): string =>
  (additional_kwargs?.reasoning_content ?? "") +
  (typeof content === "string" ? "" : content.map((block) => block.thinking ?? block.reasoning ?? "").join(""));

const callsOf = (wire: Wire): LiveMessage["tool_calls"] =>
  (wire.tool_calls ?? [])
    .filter((call) => call.name && call.id)
    .map((call) => ({ id: call.id!, name: call.name, arguments: call.args }));

const whole = (wire: Wire, id: string): LiveMessage => ({
  id,
  role: wire.type === "tool" ? "tool" : "ai",
  content: textOf(wire.content),
  reasoning: thoughtOf(wire),
  tool_calls: callsOf(wire),
  ...(wire.type === "tool" && { tool_call_id: wire.tool_call_id, name: wire.name, is_error: wire.status === "error" }),
});

function longer(known: LiveMessage, wire: Wire): LiveMessage {
  const fresh = callsOf(wire).filter((call) => !known.tool_calls.some(({ id }) => id === call.id));
  return {
    ...known,
    content: known.content + textOf(wire.content),
    reasoning: known.reasoning + thoughtOf(wire),
    tool_calls: [...known.tool_calls, ...fresh],
  };
}

/** Return the messages with what this part adds; parts of other kinds change nothing. */
export function heard(messages: readonly LiveMessage[], part: Part): readonly LiveMessage[] {
  if (part.event !== "messages") return messages;
  const [wire, metadata] = part.data as [Wire, { langgraph_node?: string }];
  const isChunk = wire.type === "AIMessageChunk";
  const isAnswer = (isChunk || wire.type === "ai") && metadata.langgraph_node === "call_model";
  if (!wire.id || !(isAnswer || wire.type === "tool")) return messages;
  const place = messages.findIndex((message) => message.id === wire.id);
  const known = messages[place];
  if (known === undefined) return [...messages, whole(wire, wire.id)];
  return messages.with(place, isChunk ? longer(known, wire) : whole(wire, wire.id));
}
