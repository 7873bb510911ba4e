/** What was used of the models, in sums and call by call, and how much of it is left. */

import { useInfiniteQuery, useQuery } from "@tanstack/react-query";

import { cursorOf } from "./queries";
import { body, rest, type Schemas } from "./rest";

export type Grouping = "day" | "model" | "session";
export type Call = Schemas["TokenUsage"];

const AT_ONCE = 100;

export const useLimits = () => useQuery({ queryKey: ["limits"], queryFn: () => body(rest.GET("/api/v1/usage/limits/")) });

export const useSums = (group_by: Grouping) =>
  useQuery({ queryKey: ["sums", group_by], queryFn: () => body(rest.GET("/api/v1/usage/summary/", { params: { query: { group_by } } })) });

const callsPage = (cursor: string | undefined, limit: number) =>
  body(rest.GET("/api/v1/usage/", { params: { query: { cursor, limit } } }));

export const useCalls = () =>
  useInfiniteQuery({
    queryKey: ["calls"],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam: cursor }) => callsPage(cursor, 25),
    getNextPageParam: (page) => cursorOf(page.next),
  });

const COLUMNS = ["created_at", "model_name", "request_type", "outcome", "prompt_tokens", "completion_tokens", "total_tokens", "total_cost", "is_estimated", "is_priced", "session_id", "id"] as const;

/** A cell that no spreadsheet takes for a formula, also behind blanks, line breaks and in signs of full width. */
const cell = (value: unknown): string => {
  const text = String(value ?? "");
  return `"${(/^[\s\u0000]*[=+\-@＝＋－＠|%]|^[\t\r\n]/u.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
};

/** All calls as CSV, page by page, the newest first. */
export async function callsAsCsv(onPage: (rows: number) => void): Promise<Blob> {
  const lines = [COLUMNS.join(",")];
  let cursor: string | undefined;
  do {
    const page = await callsPage(cursor, AT_ONCE);
    lines.push(...page.results.map((call) => COLUMNS.map((name) => cell(call[name])).join(",")));
    onPage(lines.length - 1);
    cursor = cursorOf(page.next);
  } while (cursor);
  return new Blob([`${lines.join("\r\n")}\r\n`], { type: "text/csv;charset=utf-8" });
}
