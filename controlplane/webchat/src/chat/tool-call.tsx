/** A call of a tool with its result, folded to one line. */

import { useTranslation } from "react-i18next";

import type { Schemas } from "../api/rest";
import { Icon } from "../components/icon";

type Result = { content: string; is_error?: boolean };

export function ToolCall({ call, result, isLive }: { call: Schemas["ToolCall"]; result?: Result; isLive: boolean }) {
  const { t } = useTranslation();
  const wordsWithout = isLive ? "chat.toolRunning" : "chat.toolAsked";
  const words = result ? (result.is_error ? "chat.toolFailed" : "chat.tool") : wordsWithout;
  return (
    <details className="fold">
      <summary>
        <Icon name="tool" /> {t(words, { name: call.name })}
      </summary>
      <h4>{t("chat.arguments")}</h4>
      <pre tabIndex={0}>{JSON.stringify(call.arguments, null, 2)}</pre>
      {result && <h4>{t("chat.result")}</h4>}
      {result && <pre tabIndex={0}>{result.content}</pre>}
    </details>
  );
}
