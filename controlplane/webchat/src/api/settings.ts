/** What a user has settled for themselves: preferences, tools, keys, tokens, prompts, memories, exports, the account. */

import { useInfiniteQuery, useMutation, useQuery, useQueryClient, type QueryKey } from "@tanstack/react-query";

import { cursorOf, useSessions } from "./queries";
import { body, rest, type Schemas } from "./rest";
import { refresh } from "./refresh";

export type Preferences = Schemas["Preferences"];
export type PreferencesChange = Schemas["PatchedPreferencesChangeRequest"];
export type Tool = Schemas["Tool"];
export type ProviderKey = Schemas["ProviderKey"];
export type Prompt = Schemas["Prompt"];

const MANY = 100;
const POLL = 2_000;

export const usePreferences = () => useQuery({ queryKey: ["preferences"], queryFn: () => body(rest.GET("/api/v1/preferences/")) });

/** Change preferences; the page shows it at once, and goes back where the server refuses. */
export function useChangePreferences() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (change: PreferencesChange) => body(rest.PATCH("/api/v1/preferences/", { body: change })),
    onMutate: async (change) => {
      await client.cancelQueries({ queryKey: ["preferences"] });
      const before = client.getQueryData<Preferences>(["preferences"]);
      client.setQueryData<Preferences>(["preferences"], (now) => now && ({ ...now, ...change } as Preferences));
      return { before };
    },
    onError: (_error, _change, kept) => client.setQueryData(["preferences"], kept?.before),
    onSettled: () => {
      void refresh(client, ["preferences"]);
      void refresh(client, ["effective"]);
    },
  });
}

/** Some session of the user's: what holds in it shows what holds where they have said nothing. */
export function useSomeSession(): string | undefined {
  return useSessions({ search: "", archived: false }).data?.pages[0]?.results[0]?.id;
}

/** A mutation after which a list is read again. */
export function useDeed<Given>(keys: QueryKey[], deed: (given: Given) => Promise<unknown>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: deed,
    onSettled: () => refresh(client, ...keys),
  });
}

export const useTools = () =>
  useQuery({ queryKey: ["tools"], queryFn: () => body(rest.GET("/api/v1/tools/", { params: { query: { limit: MANY } } })) });

export const useUserTool = (id: string | null) =>
  useQuery({
    queryKey: ["tools", id],
    enabled: id !== null,
    queryFn: () => body(rest.GET("/api/v1/user-tools/{user_tool_id}/", { params: { path: { user_tool_id: id! } } })),
  });

export const useSetTool = () =>
  useDeed([["tools"]], ({ tool, ...change }: { tool: Tool; is_enabled?: boolean; configuration?: Record<string, unknown> }) =>
    tool.user_tool_id === null
      ? body(rest.POST("/api/v1/user-tools/", { body: { tool_name: tool.tool_name, ...change } }))
      : body(rest.PATCH("/api/v1/user-tools/{user_tool_id}/", { params: { path: { user_tool_id: tool.user_tool_id } }, body: change })));

export const useKeys = () =>
  useQuery({ queryKey: ["keys"], queryFn: () => body(rest.GET("/api/v1/provider-keys/", { params: { query: { limit: MANY } } })) });

export const useTokens = () =>
  useQuery({ queryKey: ["tokens"], queryFn: () => body(rest.GET("/api/v1/auth/personal-access-tokens/", { params: { query: { limit: MANY } } })) });

export const usePrompts = (search = "") =>
  useInfiniteQuery({
    queryKey: ["prompts", { search }],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam: cursor }) => body(rest.GET("/api/v1/prompts/", { params: { query: { cursor, limit: 30, ...(search && { search }) } } })),
    getNextPageParam: (page) => cursorOf(page.next),
  });

export const useVersions = (id: string) =>
  useQuery({
    queryKey: ["prompts", id, "versions"],
    queryFn: () => body(rest.GET("/api/v1/prompts/{prompt_id}/versions/", { params: { path: { prompt_id: id }, query: { limit: MANY } } })),
  });

export const useMemories = () =>
  useInfiniteQuery({
    queryKey: ["memories"],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam: cursor }) => body(rest.GET("/api/v1/memories/", { params: { query: { cursor, limit: 30 } } })),
    getNextPageParam: (page) => cursorOf(page.next),
  });

export const useExports = () =>
  useQuery({
    queryKey: ["exports"],
    queryFn: () => body(rest.GET("/api/v1/exports/", { params: { query: { limit: 10 } } })),
    refetchInterval: ({ state }) => (state.data?.results.some(({ status }) => status === "pending" || status === "running") ? POLL : false),
  });
