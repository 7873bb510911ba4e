/** The Agent Server by its own SDK, with a token that lives in memory alone and is renewed before it ends. */

import { Client } from "@langchain/langgraph-sdk/client";

import { body, rest, type Schemas } from "./rest";

const EARLY_MS = 60_000;

let pending: Promise<Schemas["AgentToken"]> | null = null;
let current: Schemas["AgentToken"] | null = null;

const isFresh = (token: Schemas["AgentToken"]): boolean => Date.parse(token.expires_at) - EARLY_MS > Date.now();

async function token(): Promise<Schemas["AgentToken"]> {
  if (current && isFresh(current)) return current;
  pending ??= body(rest.POST("/api/v1/auth/agent-token/")).finally(() => (pending = null));
  current = await pending;
  return current;
}

/** Where the Agent Server is, once anybody had to know. */
export const agentUrl = (): string | undefined => current?.agent_url;

/** Forget who we were, as signing out must. */
export const forgetToken = (): void => void (current = null);

/** A client for one request; each gets the token of its moment. */
export async function agent(): Promise<Client> {
  const access = await token();
  return new Client({
    apiUrl: access.agent_url,
    apiKey: null,
    defaultHeaders: { Authorization: `Bearer ${access.token}` },
    callerOptions: { maxRetries: 1 },
  });
}
