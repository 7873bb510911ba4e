/** Signing up, in and out, in the words of allauth's headless API for browsers. */

import { Problem, problemOfBody } from "./problem";
import { csrfToken } from "./rest";

type Secret = { secret: string; totp_url: string };
type Flow = { id: string; is_pending?: boolean };
type Answer = {
  status: number;
  data?: unknown;
  meta?: { is_authenticated?: boolean } & Partial<Secret>;
  errors?: { code: string; message: string; param?: string }[];
};

const LONGEST_MS = 20_000;

const flowsOf = (answer: Answer | null): Flow[] => (answer?.data as { flows?: Flow[] } | undefined)?.flows ?? [];

/** What has to be done next, or "done". */
const STEPS = ["verify_email", "mfa_authenticate", "password_reset_by_code"] as const;
export type Step = "done" | "sign-in" | (typeof STEPS)[number];

async function send(method: string, path: string, data?: object): Promise<[Response, Answer | null]> {
  const response = await fetch(`/api/accounts/browser/v1/${path}`, {
    method,
    headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken() },
    signal: AbortSignal.timeout(LONGEST_MS),
    ...(data && { body: JSON.stringify(data) }),
  });
  return [response, (await response.json().catch(() => null)) as Answer | null];
}

async function ask(method: string, path: string, data?: object): Promise<Step> {
  const [response, answer] = await send(method, `auth/${path}`, data);
  if (answer?.meta?.is_authenticated) return "done";
  const pending = flowsOf(answer).find((flow) => flow.is_pending)?.id;
  const step = STEPS.find((one) => one === pending);
  if (step) return step;
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
export const askForReset = (email: string): Promise<Step> => ask("POST", "password/request", { email });
export const resetPassword = (key: string, password: string): Promise<Step> => ask("POST", "password/reset", { key, password });
export const resendCode = (): Promise<Step> => ask("POST", "email/verify/resend");
export const reauthenticate = (password: string): Promise<Step> => ask("POST", "reauthenticate", { password });
export const signOut = (): Promise<Step> => ask("DELETE", "session");

/** Change the account itself. Throws `reauthentication_required` where the password was given too long ago. */
async function change(method: string, path: string, data?: object, expected = 200): Promise<Answer> {
  const [response, answer] = await send(method, `account/${path}`, data);
  if (response.status === expected && answer) return answer;
  if (response.ok) return { status: response.status };
  if (flowsOf(answer).some(({ id }) => id === "reauthenticate")) throw new Problem("reauthentication_required", "", 401);
  if (answer?.errors?.length) throw problemOfErrors(answer);
  throw problemOfBody(answer, response.status);
}

export const changePassword = (current_password: string, new_password: string): Promise<Answer> =>
  change("POST", "password/change", { current_password, new_password });

export const authenticators = (): Promise<{ type: string }[]> =>
  change("GET", "authenticators").then(({ data }) => data as { type: string }[]);

/** A secret for an authenticator app, offered while none is in use. */
export const newSecret = (): Promise<Secret> =>
  change("GET", "authenticators/totp", undefined, 404).then(({ meta }) => ({ secret: meta?.secret ?? "", totp_url: meta?.totp_url ?? "" }));

export const activateCodes = (code: string): Promise<Answer> => change("POST", "authenticators/totp", { code });
export const deactivateCodes = (): Promise<Answer> => change("DELETE", "authenticators/totp");

/** Codes that stand in for the app, each good once; making new ones ends the old ones. */
export const recoveryCodes = (): Promise<string[]> =>
  change("POST", "authenticators/recovery-codes").then(({ data }) => (data as { unused_codes?: string[] }).unused_codes ?? []);
