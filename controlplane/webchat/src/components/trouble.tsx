/** Says what went wrong and what to do about it. */

import i18next from "i18next";
import { useTranslation } from "react-i18next";

import { asProblem } from "../api/problem";

/** The sentence for an error, in the reader's language where there is one. */
export function sentenceOf(error: unknown): string {
  const { code, message, details, fields } = asProblem(error);
  const resets = details.resets_at ? new Date(String(details.resets_at)).toLocaleString(i18next.language) : "";
  if (i18next.exists(`problem.${code}`))
    return i18next.t(`problem.${code}`, { which: String(details.which ?? "").replace("_", " "), resets });
  return Object.values(fields).flat()[0] || message || i18next.t("problem.unknown");
}

export function Trouble({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t } = useTranslation();
  return (
    <div className="trouble" role="alert">
      <span>{sentenceOf(error)}</span>
      {onRetry && (
        <button type="button" className="button" onClick={onRetry}>
          {t("chat.retry")}
        </button>
      )}
    </div>
  );
}
