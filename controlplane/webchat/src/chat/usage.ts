/** What each answer cost: the row of the ledger that it names. */

import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";

import { cursorOf } from "../api/queries";
import { body, rest, type History, type Message, type Schemas } from "../api/rest";

type Row = Schemas["TokenUsage"];
/** An answer may have taken several calls; where its own is not among so many, it is not shown. */
const PAGES_OF_CALLS = 3;

/** The calls of what is shown: read on as earlier messages are. */
export function useUsage(sessionId: string, shown: readonly History[]): readonly Row[] {
  const found = useInfiniteQuery({
    queryKey: ["usage", sessionId],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam: cursor }) =>
      body(rest.GET("/api/v1/usage/", { params: { query: { session: sessionId, limit: 100, request_type: "chat", cursor } } })),
    getNextPageParam: (page) => cursorOf(page.next),
    // A call is booked shortly after its run.
    refetchInterval: ({ state }) => (state.data?.pages.some(({ results }) => results.some((row) => row.state === "pending")) ? 3_000 : false),
  });
  const { data, hasNextPage, isFetching, fetchNextPage } = found;
  const rows = useMemo(() => data?.pages.flatMap(({ results }) => results) ?? [], [data]);
  const oldest = shown.at(-1)?.messages.map(usageIdOf).find((id) => id !== undefined);
  const isMissing = oldest !== undefined && !rows.some(({ id }) => id === oldest);
  const mayRead = hasNextPage && !isFetching && (data?.pages.length ?? 0) < PAGES_OF_CALLS * shown.length;
  useEffect(() => { if (isMissing && mayRead) void fetchNextPage(); }, [isMissing, mayRead, fetchNextPage]);
  return rows;
}

const usageIdOf = (message: Message): string | undefined => (message as Message & { usage_id?: string }).usage_id;

export function usageOf(message: Message, rows: readonly Row[]): Row | undefined {
  const id = usageIdOf(message);
  return id === undefined ? undefined : rows.find((row) => row.id === id && row.state !== "pending");
}
