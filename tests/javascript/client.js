/**
 * Lets tests in another language use the JavaScript SDK as an app would: with a URL and a token, and no more.
 *
 * A command is a line of JSON on standard input, {"id", "do", "with"}. Each line that it gives rise to carries
 * its id and a kind: any number of "run", "token" and "error", then either "done" or "refused", each with "data".
 */
import { createInterface } from "node:readline";

import { Client } from "@langchain/langgraph-sdk";

const client = new Client({
  apiUrl: process.env.AGENT_URL,
  apiKey: null,
  defaultHeaders: { Authorization: `Bearer ${process.env.AGENT_TOKEN}` },
});

const turn = (text) => ({ input: { messages: [{ role: "user", content: text }] } });

const commands = {
  create: async () => (await client.threads.create()).thread_id,
  stream: async ({ thread, text }, say) => {
    const options = { ...turn(text), streamMode: "messages-tuple" };
    for await (const part of client.runs.stream(thread, "agent", options)) {
      if (part.event === "metadata") say("run", part.data.run_id);
      if (part.event === "error") say("error", part.data);
      if (part.event === "messages" && part.data[0].type === "AIMessageChunk" && part.data[0].content) {
        say("token", part.data[0].content);
      }
    }
  },
  wait: ({ thread, text }) => client.runs.wait(thread, "agent", turn(text)),
  cancel: ({ thread, run }) => client.runs.cancel(thread, run, true),
  state: ({ thread }) => client.threads.getState(thread),
  history: ({ thread }) => client.threads.getHistory(thread, { limit: 100 }),
  search: () => client.threads.search({ limit: 100 }),
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  const say = (kind, data) => process.stdout.write(`${JSON.stringify({ id: command.id, kind, data })}\n`);
  // Not awaited: a run is cancelled while its stream is being read.
  commands[command.do](command.with, say).then(
    (data) => say("done", data ?? null),
    (error) => say("refused", { status: error.status ?? null, message: String(error.message) }),
  );
}
process.exit(0);
