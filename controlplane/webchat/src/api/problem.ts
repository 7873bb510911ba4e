/** One error for whatever went wrong on either plane, with a code to translate and a sentence to fall back on. */

export class Problem extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status: number,
    readonly details: Record<string, unknown> = {},
    readonly fields: Record<string, string[]> = {},
  ) {
    super(message);
  }
}

type Told = { code?: string; message?: string; details?: Record<string, unknown>; fields?: Record<string, string[]> };

const asObject = (text: string): Record<string, unknown> | null => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
};

const problemOf = (told: Told, status: number): Problem =>
  new Problem(told.code ?? "unknown", told.message ?? "", status, told.details, told.fields);

/** Of an answer of the control plane. */
export const problemOfBody = (body: unknown, status: number): Problem =>
  problemOf((body as { error?: Told } | null)?.error ?? {}, status);

/** Of whatever was thrown; the SDK's errors hold the Agent Server's answer as text. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (!(error instanceof Error)) return new Problem("unknown", String(error), 0);
  const { status, text } = error as { status?: number; text?: string };
  if (status === undefined) return new Problem("unreachable", error.message, 0);
  const detail = asObject(text ?? error.message.replace(/^[^{]*/, ""))?.detail;
  const told = typeof detail === "string" ? asObject(detail) : null;
  return problemOf(told ?? { message: typeof detail === "string" ? detail : "" }, status);
}

const CODES: Record<string, string> = {
  LimitReached: "limit_reached",
  ModelUnreachable: "model_unreachable",
  ModelTimedOut: "model_timed_out",
  ModelRateLimited: "model_rate_limited",
  ModelFailed: "model_failed",
  ModelRefused: "model_refused",
  ControlPlaneUnreachable: "control_plane_unreachable",
  KeyRefused: "key_refused",
  RunRefused: "run_refused",
};

/** Of the `error` event of a run: the name of a class and a message that may be JSON. */
export function problemOfRun(data: { error?: string; message?: string }): Problem {
  const code = CODES[data.error ?? ""];
  if (code === undefined) return new Problem("run_failed", "", 0);
  const told = asObject(data.message ?? "") as Told | null;
  return new Problem(code, told?.message ?? data.message ?? "", 0, told?.details);
}
