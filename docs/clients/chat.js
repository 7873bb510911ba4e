/**
 * A chat in the terminal: one call for a token, and the public LangGraph SDK for everything else.
 *
 *     npm install @langchain/langgraph-sdk
 *     THREADPLANE_URL=http://127.0.0.1:8000 THREADPLANE_TOKEN=tp_… node chat.js "Why blue?" [thread]
 *
 * The token is a personal access token with the scope `agent`. The thread is printed; give it to go on in it.
 */
import { Client } from "@langchain/langgraph-sdk";

const { THREADPLANE_URL: url, THREADPLANE_TOKEN: token } = process.env;
const [question, known] = process.argv.slice(2);

/** Exchange the token for one of the Agent Server, which holds for ten minutes. */
async function signIn() {
  const answer = await fetch(`${url}/api/v1/auth/agent-token/`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(10_000),
  });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  const access = await answer.json();
  return new Client({ apiUrl: access.agent_url, apiKey: null, defaultHeaders: { Authorization: `Bearer ${access.token}` } });
}

/** Print the answer as it comes, and what it took. */
async function ask(client, thread) {
  const options = { input: { messages: [{ role: "user", content: question }] }, streamMode: "messages-tuple" };
  for await (const { event, data } of client.runs.stream(thread, "agent", options)) {
    if (event === "error") throw new Error(`${data.error}: ${data.message}`);
    if (event !== "messages" || data[0].type !== "AIMessageChunk") continue;
    process.stdout.write(data[0].content);
    const usage = data[0].usage_metadata;
    if (usage) console.error(`\n[${usage.input_tokens} + ${usage.output_tokens} tokens]`);
  }
  console.log();
}

const client = await signIn();
// A thread is a session of the user's from the first moment, in the web chat as well.
const thread = known ?? (await client.threads.create()).thread_id;
await ask(client, thread);
console.error(`[thread ${thread}]`);
