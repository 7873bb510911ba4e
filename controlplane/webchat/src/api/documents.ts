/** The user's documents: their list, which is read again while one is being processed, and what can be done with each. */

import { useInfiniteQuery, useMutation, useQueryClient, type InfiniteData } from "@tanstack/react-query";
import { useCallback, useState } from "react";

import { suspect } from "./outages";
import { Problem, problemOfBody } from "./problem";
import { cursorOf } from "./queries";
import { body, csrfToken, rest, type Schemas } from "./rest";
import { refresh } from "./refresh";

export type Document = Schemas["Document"];
type Pages = InfiniteData<Schemas["PaginatedDocumentList"]>;
export type Change = { is_active?: boolean; category?: string; tags?: string[]; session?: string | null };

const POLL = 1200;

export const isWorking = ({ processing_status }: Document): boolean => processing_status === "pending" || processing_status === "processing";

export function useDocuments(session?: string) {
  return useInfiniteQuery({
    queryKey: ["documents", session ?? "all"],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam: cursor }) =>
      body(rest.GET("/api/v1/documents/", { params: { query: { cursor, limit: 30, ...(session && { session }) } } })),
    getNextPageParam: (page) => cursorOf(page.next),
    refetchInterval: ({ state }) => (state.data?.pages.some((page) => page.results.some(isWorking)) ? POLL : false),
  });
}

/** Change a document; the list shows it at once, and goes back where the server refuses. */
export function useChangeDocument() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, change }: { id: string; change: Change }) =>
      body(rest.PATCH("/api/v1/documents/{document_id}/", { params: { path: { document_id: id } }, body: change })),
    onMutate: async ({ id, change }) => {
      await client.cancelQueries({ queryKey: ["documents"] });
      const before = client.getQueriesData<Pages>({ queryKey: ["documents"] });
      client.setQueriesData<Pages>({ queryKey: ["documents"] }, (data) =>
        data && { ...data, pages: data.pages.map((page) => ({ ...page, results: page.results.map((row) => (row.id === id ? { ...row, ...change } : row)) })) });
      return { before };
    },
    onError: (_error, _given, kept) => kept?.before.forEach(([key, data]) => client.setQueryData(key, data)),
    onSettled: () => refresh(client, ["documents"]),
  });
}

/** What takes a document and answers with nothing that is shown: deleting it, or trying to read it again. */
export function useDocumentDeed(deed: "delete" | "process") {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (id: string) => {
      const params = { path: { document_id: id } };
      if (deed === "delete") await rest.DELETE("/api/v1/documents/{document_id}/", { params });
      else await rest.POST("/api/v1/documents/{document_id}/process/", { params });
    },
    onSettled: () => refresh(client, ["documents"]),
  });
}

export const useSearch = () =>
  useMutation({ mutationFn: (query: string) => body(rest.POST("/api/v1/documents/search/", { body: { query, limit: 8 } })) });

/** One file on its way; `fetch` tells nobody how far it is. */
export interface Upload {
  key: string;
  name: string;
  sent: number;
  error?: unknown;
}

function send(file: File, session: string | undefined, onSent: (share: number) => void): Promise<void> {
  const form = new FormData();
  form.append("file", file);
  if (session) form.append("session", session);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/api/v1/documents/");
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.setRequestHeader("Idempotency-Key", crypto.randomUUID());
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => onSent(total ? loaded / total : 0);
    request.onerror = () => reject(new Problem("unreachable", "", 0));
    request.onload = () => (request.status === 201 ? resolve() : reject(problemOfBody(request.response, request.status)));
    request.send(form);
  });
}

/** Files that are being sent, one after the other, and those that were refused. */
export function useUploads() {
  const client = useQueryClient();
  const [uploads, setUploads] = useState<Upload[]>([]);
  const change = useCallback((key: string, next: Partial<Upload> | null) =>
    setUploads((all) => all.flatMap((one) => (one.key !== key ? one : next ? { ...one, ...next } : []))), []);
  const upload = useCallback(async (files: File[], session?: string) => {
    const added = files.map((file) => ({ file, key: crypto.randomUUID() }));
    setUploads((all) => [...all, ...added.map(({ file, key }) => ({ key, name: file.name, sent: 0 }))]);
    for (const { file, key } of added) {
      try {
        await send(file, session, (sent) => change(key, { sent }));
        // The file is kept, whatever becomes of this.
        void offerSearch().catch(suspect);
        await refresh(client, ["documents"]);
        change(key, null);
      } catch (error) {
        change(key, { error });
      }
    }
  }, [client, change]);
  return { uploads, upload, dismiss: (key: string) => change(key, null) };
}

const waiting = new Map<string, File[]>();

/** Keep files for a chat that is opened next: they were put into one that had not begun. */
export const letWait = (session: string, files: File[]): void => void waiting.set(session, files);

export function takeWaiting(session: string): File[] {
  const files = waiting.get(session) ?? [];
  waiting.delete(session);
  return files;
}

/** Let the model search documents, unless the user has ever had a say in it. */
async function offerSearch(): Promise<void> {
  try {
    await rest.POST("/api/v1/user-tools/", { body: { tool_name: "knowledge_search" } });
  } catch (error) {
    // It is chosen already, or this house has no such tool.
    if (!(error instanceof Problem) || error.status >= 500 || error.status === 0) throw error;
  }
}
