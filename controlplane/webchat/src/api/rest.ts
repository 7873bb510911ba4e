/** The control plane's REST API, typed by its own description; the browser's session cookie says who asks. */

import createClient from "openapi-fetch";

import type { components, paths } from "../../build/rest";
import { problemOfBody } from "./problem";

export type Schemas = components["schemas"];
export type Session = Schemas["Session"];
export type Message = Schemas["Message"];
export type History = Schemas["History"];
export type Model = Schemas["Model"];

export const csrfToken = (): string => /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? "";

/** Called when the control plane does not know us any more. */
export const signedOut = new EventTarget();

export const rest = createClient<paths>({ baseUrl: window.location.origin });

rest.use({
  onRequest({ request }) {
    if (request.method !== "GET") request.headers.set("X-CSRFToken", csrfToken());
  },
  async onResponse({ response }) {
    if (response.ok) return;
    if (response.status === 401) signedOut.dispatchEvent(new Event("signed-out"));
    throw problemOfBody(await response.json().catch(() => null), response.status);
  },
});

/** The body of an answer that is there, since all others have been thrown. */
export async function body<T>(answer: Promise<{ data?: T }>): Promise<NonNullable<T>> {
  return (await answer).data as NonNullable<T>;
}
