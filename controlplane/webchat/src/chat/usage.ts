/** What each answer cost: the newest call that was permitted before the answer was there. */

import { useQuery } from "@tanstack/react-query";

import { body, rest, type Message, type Schemas } from "../api/rest";

export function useUsage(sessionId: string): readonly Schemas["TokenUsage"][] {
  const found = useQuery({
    queryKey: ["usage", sessionId],
    queryFn: () => body(rest.GET("/api/v1/usage/", { params: { query: { session: sessionId, limit: 100, request_type: "chat" } } })),
    // A call is booked shortly after its run.
    refetchInterval: ({ state }) => (state.data?.results.some((row) => row.state === "pending") ? 3_000 : false),
  });
  return found.data?.results ?? [];
}

export function usageOf(message: Message, rows: readonly Schemas["TokenUsage"][]): Schemas["TokenUsage"] | undefined {
  const { created_at: at } = message;
  if (message.role !== "ai" || !at) return undefined;
  return rows
    .filter((row) => row.created_at <= at && row.state !== "pending")
    .reduce<Schemas["TokenUsage"] | undefined>((last, row) => (last && last.created_at > row.created_at ? last : row), undefined);
}
