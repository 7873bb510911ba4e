/** Asks for a decision on a call of a tool, in its place in the conversation. */

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { queryClient } from "../api/queries";
import { body, rest, type Schemas } from "../api/rest";
import { Icon } from "../components/icon";
import { Trouble } from "../components/trouble";
import { joinTurn } from "./turns";
import { refresh } from "../api/refresh";

export type Asked = { id: string; name: string; arguments: Record<string, unknown>; expiresAt: string };

type Value = {
  action_requests?: { name: string; args: Record<string, unknown> }[];
  approvals?: { id: string; expires_at: string }[];
};

/** What the interrupts of a conversation ask for. */
export const asked = (interrupts: readonly Schemas["Interrupt"][]): Asked[] =>
  interrupts.flatMap(({ value }) => {
    const { action_requests: actions = [], approvals = [] } = (value ?? {}) as Value;
    return approvals.flatMap(({ id, expires_at: expiresAt }, place) => {
      const action = actions[place];
      return action ? [{ id, expiresAt, name: action.name, arguments: action.args }] : [];
    });
  });

function parsed(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

export function Approval({ sessionId, call }: { sessionId: string; call: Asked }) {
  const { t, i18n } = useTranslation();
  const [text, setText] = useState(JSON.stringify(call.arguments, null, 2));
  const [isEditing, setEditing] = useState(false);
  const [reason, setReason] = useState("");
  const edited = isEditing ? parsed(text) : call.arguments;
  const decide = useMutation({
    mutationFn: (given: Omit<Schemas["ApprovalDecisionRequest"], "reason"> & { reason?: string }) =>
      body(rest.POST("/api/v1/approvals/{approval_id}/decide/", { params: { path: { approval_id: call.id } }, body: { reason: "", ...given } })),
    onSuccess: ({ run_id: runId }) =>
      runId ? joinTurn(sessionId, runId) : refresh(queryClient, ["history", sessionId]),
  });
  if (decide.isSuccess) return null;
  return (
    <section className="approval" aria-label={t("approval.title", { name: call.name })}>
      <h3><Icon name="shield" /> {t("approval.title", { name: call.name })}</h3>
      <p>{t("approval.hint", { until: new Date(call.expiresAt).toLocaleString(i18n.language) })}</p>
      {isEditing ? (
        <textarea value={text} rows={5} aria-label={t("chat.arguments")} onChange={(event) => setText(event.target.value)} />
      ) : (
        <pre tabIndex={0}>{text}</pre>
      )}
      {edited === null && <p role="alert">{t("approval.invalid")}</p>}
      <input value={reason} placeholder={t("approval.reason")} aria-label={t("approval.reason")} onChange={(event) => setReason(event.target.value)} />
      {decide.error && <Trouble error={decide.error} />}
      <footer>
        <button
          type="button" className="button primary" disabled={decide.isPending || edited === null}
          onClick={() => decide.mutate(isEditing && edited ? { decision: "edit", arguments: edited } : { decision: "approve" })}
        >
          {t("approval.approve")}
        </button>
        <button type="button" className="button" disabled={decide.isPending} onClick={() => decide.mutate({ decision: "reject", reason })}>
          {t("approval.reject")}
        </button>
        {!isEditing && <button type="button" className="button quiet" onClick={() => setEditing(true)}>{t("approval.edit")}</button>}
      </footer>
    </section>
  );
}
