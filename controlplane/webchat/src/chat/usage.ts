/** What each answer cost: the row of the ledger that it names. */

import { useQuery } from "@tanstack/react-query";

import { body, rest, type Message, type Schemas } from "../api/rest";

export function useUsage(sessionId: string): readonly Schemas["TokenUsage"][] {
  const found = useQuery({
    queryKey: ["usage", sessionId],
    queryFn: () => body(rest.GET("/api/v1/usage/", { params: { query: { session: sessionId, limit: 100, request_type: "chat" } } })),
    // A call is booked shortly after its run.
    refetchInterval: ({ state }) => (state.data?.results.some((row) => row.state === "pending") ? 3_000 : false),
  });
  return found.data?.results ?? NONE;
}

const NONE: readonly Schemas["TokenUsage"][] = [];

export function usageOf(message: Message, rows: readonly Schemas["TokenUsage"][]): Schemas["TokenUsage"] | undefined {
  const { usage_id: id } = message as Message & { usage_id?: string };
  return id === undefined ? undefined : rows.find((row) => row.id === id && row.state !== "pending");
}
