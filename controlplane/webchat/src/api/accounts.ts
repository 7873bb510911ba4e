/** Signing up, in and out, in the words of allauth's headless API for browsers. */

import { Problem, problemOfBody } from "./problem";
import { csrfToken } from "./rest";

type Flow = { id: string; is_pending?: boolean };
type Answer = {
  status: number;
  data?: { flows?: Flow[] };
  meta?: { is_authenticated?: boolean };
  errors?: { code: string; message: string; param?: string }[];
};

/** What has to be done next, or "done". */
export type Step = "done" | "sign-in" | "verify_email" | "mfa_authenticate";

async function ask(method: string, path: string, data?: object): Promise<Step> {
  const response = await fetch(`/api/accounts/browser/v1/auth/${path}`, {
    method,
    headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken() },
    ...(data && { body: JSON.stringify(data) }),
  });
  const answer = (await response.json().catch(() => null)) as Answer | null;
  if (answer?.meta?.is_authenticated) return "done";
  const pending = answer?.data?.flows?.find((flow) => flow.is_pending)?.id;
  if (pending === "verify_email" || pending === "mfa_authenticate") return pending;
  if (answer?.errors?.length) throw problemOfErrors(answer);
  if (response.status === 401 || response.status === 410) return "sign-in";
  throw problemOfBody(answer, response.status);
}

function problemOfErrors({ errors = [], status }: Answer): Problem {
  const fields: Record<string, string[]> = {};
  for (const { param, message } of errors) if (param) (fields[param] ??= []).push(message);
  return new Problem(errors[0]?.code ?? "unknown", errors[0]?.message ?? "", status, {}, fields);
}

export const currentStep = (): Promise<Step> => ask("GET", "session");
export const signIn = (email: string, password: string): Promise<Step> => ask("POST", "login", { email, password });
export const signUp = (email: string, password: string, invitation: string): Promise<Step> =>
  ask("POST", "signup", { email, password, ...(invitation && { invitation }) });
export const verifyEmail = (key: string): Promise<Step> => ask("POST", "email/verify", { key });
export const giveCode = (code: string): Promise<Step> => ask("POST", "2fa/authenticate", { code });
export const signOut = (): Promise<Step> => ask("DELETE", "session");
