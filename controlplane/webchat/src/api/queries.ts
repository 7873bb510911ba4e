/** What is read by REST and kept by TanStack Query: one key per thing, and the changes that show at once. */

import {
  MutationCache,
  QueryCache,
  QueryClient,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
  type InfiniteData,
} from "@tanstack/react-query";

import { suspect } from "./outages";
import { asProblem, Problem } from "./problem";
import { body, rest, type History, type Schemas, type Session } from "./rest";
import { refresh } from "./refresh";

const onError = (error: unknown) => suspect(asProblem(error));

export const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      retry: (count, error) => count < 2 && !(error instanceof Problem && error.status > 0 && error.status < 500),
    },
  },
});

const PAGE = 100;

/** The `cursor` of an address of the next page. */
export const cursorOf = (next: string | null | undefined): string | undefined =>
  next ? (new URL(next, window.location.origin).searchParams.get("cursor") ?? undefined) : undefined;

export const useMe = () => useQuery({ queryKey: ["me"], queryFn: () => body(rest.GET("/api/v1/me/")) });

export const useModels = () =>
  useQuery({
    queryKey: ["models"],
    staleTime: 300_000,
    queryFn: () => body(rest.GET("/api/v1/models/", { params: { query: { limit: 100 } } })),
  });

export type Sought = { search: string; archived: boolean; tag?: string };

export function useSessions({ search, archived, tag }: Sought) {
  return useInfiniteQuery({
    queryKey: ["sessions", { search, archived, tag }],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam: cursor }) =>
      body(rest.GET("/api/v1/sessions/", { params: { query: { cursor, limit: 30, archived, tag, ...(search && { search }) } } })),
    getNextPageParam: (page) => cursorOf(page.next),
  });
}

export const useEffectiveConfiguration = (sessionId: string | undefined) =>
  useQuery({
    queryKey: ["effective", sessionId],
    enabled: sessionId !== undefined,
    queryFn: () =>
      body(rest.GET("/api/v1/sessions/{session_id}/effective-config/", { params: { path: { session_id: sessionId! } } })),
  });

export const historyKey = (sessionId: string, at: string | undefined) => ["history", sessionId, at ?? "newest"];

/** The conversation, newest page first; `at` is the checkpoint of the branch that is looked at. */
export function useHistory(sessionId: string, at: string | undefined) {
  return useInfiniteQuery({
    queryKey: historyKey(sessionId, at),
    initialPageParam: undefined as number | undefined,
    queryFn: ({ pageParam: before }) =>
      body(
        rest.GET("/api/v1/sessions/{session_id}/history/", {
          params: {
            path: { session_id: sessionId },
            query: { before, limit: PAGE, ...(at && { checkpoint_id: at }) },
          },
        }),
      ),
    getNextPageParam: (page) => (page.has_earlier ? page.first_index : undefined),
  });
}

/** The end of a conversation as it is now. */
export const newestPage = (sessionId: string): Promise<History> =>
  body(rest.GET("/api/v1/sessions/{session_id}/history/", { params: { path: { session_id: sessionId }, query: { limit: PAGE } } }));

const UNDER_WAY = ["provisional", "pending", "running"];

/** The id of the run that is on, if one is. */
export async function runUnderWay(sessionId: string): Promise<string | undefined> {
  const params = { path: { session_id: sessionId }, query: { limit: 1 } };
  const { results: [run] } = await body(rest.GET("/api/v1/sessions/{session_id}/runs/", { params }));
  return run && UNDER_WAY.includes(String(run.status)) ? run.id : undefined;
}

/** The newest page again, with where its messages branch off: that takes far longer to find out than to read them. */
export const useBranches = (sessionId: string, at: string | undefined) =>
  useQuery({
    queryKey: [...historyKey(sessionId, at), "branches"],
    queryFn: () =>
      body(
        rest.GET("/api/v1/sessions/{session_id}/history/", {
          params: { path: { session_id: sessionId }, query: { limit: PAGE, branches: true, ...(at && { checkpoint_id: at }) } },
        }),
      ),
  });

export const useFeedback = (sessionId: string) =>
  useQuery({
    queryKey: ["feedback", sessionId],
    queryFn: () =>
      body(
        rest.GET("/api/v1/sessions/{session_id}/feedback/", {
          params: { path: { session_id: sessionId }, query: { limit: 100 } },
        }),
      ),
  });

export function useGiveFeedback(sessionId: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (given: Schemas["FeedbackInputRequest"]) =>
      body(rest.PUT("/api/v1/sessions/{session_id}/feedback/", { params: { path: { session_id: sessionId } }, body: given })),
    onSettled: () => refresh(client, ["feedback", sessionId]),
  });
}

/** Begin a session; a prompt that the user chose becomes its instructions. */
export const newSession = ({ model, instructions }: { model?: string; instructions?: string }): Promise<Session> =>
  body(rest.POST("/api/v1/sessions/", { body: { ...(model && { model_name: model }), ...(instructions && { custom_system_prompt: instructions }) } }));

type SessionPages = InfiniteData<Schemas["PaginatedSessionList"]>;
export type SessionChange =
  | { kind: "rename"; title: string }
  | { kind: "tags"; tags: string[] }
  | { kind: "model"; model_name: string }
  | { kind: "prompt"; template: string; variables: Record<string, string>; text: string }
  | { kind: "no-prompt" }
  | { kind: "pin" | "unpin" | "archive" | "restore" | "delete" };

function sendChange(session: Session, change: SessionChange): Promise<unknown> {
  const params = { path: { session_id: session.id } };
  if (change.kind === "rename")
    return body(rest.PATCH("/api/v1/sessions/{session_id}/", { params, body: { title: change.title } }));
  if (change.kind === "tags")
    return body(rest.PATCH("/api/v1/sessions/{session_id}/", { params, body: { tags: change.tags } }));
  if (change.kind === "model")
    return body(rest.PATCH("/api/v1/sessions/{session_id}/", { params, body: { model_name: change.model_name } }));
  if (change.kind === "prompt")
    return body(rest.POST("/api/v1/sessions/{session_id}/prompt/", { params, body: { template: change.template, variables: change.variables } }));
  if (change.kind === "no-prompt")
    return body(rest.PATCH("/api/v1/sessions/{session_id}/", { params, body: { custom_system_prompt: "" } }));
  if (change.kind === "delete") return rest.DELETE("/api/v1/sessions/{session_id}/", { params });
  return rest.POST(`/api/v1/sessions/{session_id}/${change.kind}/`, { params });
}

function changed(session: Session, change: SessionChange): Session | null {
  if (change.kind === "rename") return { ...session, title: change.title };
  if (change.kind === "tags") return { ...session, tags: change.tags };
  if (change.kind === "prompt" || change.kind === "no-prompt") return session;
  if (change.kind === "model") return { ...session, model_name: change.model_name };
  if (change.kind === "pin" || change.kind === "unpin") return { ...session, is_pinned: change.kind === "pin" };
  return null;
}

/** Change a session; the list shows it before the server has answered, and goes back where it refuses. */
export function useChangeSession() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ session, change }: { session: Session; change: SessionChange }) => sendChange(session, change),
    onMutate: async ({ session, change }) => {
      await client.cancelQueries({ queryKey: ["sessions"] });
      const before = client.getQueriesData<SessionPages>({ queryKey: ["sessions"] });
      const next = changed(session, change);
      client.setQueriesData<SessionPages>({ queryKey: ["sessions"] }, (data) =>
        data && {
          ...data,
          pages: data.pages.map((page) => ({
            ...page,
            results: page.results.flatMap((row) => (row.id === session.id ? (next ?? []) : row)),
          })),
        },
      );
      return { before };
    },
    onError: (_error, _given, kept) => kept?.before.forEach(([key, data]) => client.setQueryData(key, data)),
    onSettled: (_data, _error, { session }) => {
      void refresh(client, ["sessions"]);
      void refresh(client, ["effective", session.id]);
      void refresh(client, ["history", session.id]);
    },
  });
}
