/** One message with all that can be done with it. */

import i18next from "i18next";
import { memo, useState } from "react";
import { useTranslation } from "react-i18next";

import type { Message as Kept, Schemas } from "../api/rest";
import { Icon } from "../components/icon";
import { IconButton } from "../components/icon-button";
import { Citations } from "./citations";
import { Feedback } from "./feedback";
import { Markdown } from "./markdown";
import { ToolCall } from "./tool-call";

export type Actions = {
  onEdit: (message: Kept, text: string) => void;
  onRegenerate: (message: Kept) => void;
  onSwitch: (checkpointId: string) => void;
};

export type Shown = {
  message: Kept;
  results: ReadonlyMap<string, Kept>;
  isLive: boolean;
  usage?: Schemas["TokenUsage"];
};

function Versions({ message, onSwitch }: { message: Kept; onSwitch: Actions["onSwitch"] }) {
  const { t } = useTranslation();
  const versions = message.versions ?? [];
  const place = versions.findIndex(({ message_id }) => message_id === message.id);
  if (versions.length < 2) return null;
  const go = (step: number) => () => onSwitch(versions[place + step]!.checkpoint_id);
  return (
    <span className="versions" role="group" aria-label={t("chat.versions", { n: place + 1, total: versions.length })}>
      <IconButton icon="left" label={t("chat.previousVersion")} disabled={place <= 0} onClick={go(-1)} />
      <span aria-hidden="true">{place + 1} / {versions.length}</span>
      <IconButton icon="right" label={t("chat.nextVersion")} disabled={place >= versions.length - 1} onClick={go(1)} />
    </span>
  );
}

function CopyButton({ text }: { text: string }) {
  const { t } = useTranslation();
  const [copied, setCopied] = useState(false);
  const copy = () => void navigator.clipboard.writeText(text).then(() => setCopied(true));
  return <IconButton icon={copied ? "check" : "copy"} label={t(copied ? "chat.copied" : "chat.copy")} onClick={copy} />;
}

function Editor({ text, onSave, onCancel }: { text: string; onSave: (text: string) => void; onCancel: () => void }) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState(text);
  return (
    <form className="editor" onSubmit={(event) => { event.preventDefault(); if (draft.trim()) onSave(draft); }}>
      <textarea autoFocus rows={3} value={draft} aria-label={t("chat.edit")} onChange={(event) => setDraft(event.target.value)}
        onKeyDown={(event) => event.key === "Escape" && onCancel()} />
      <footer>
        <button type="button" className="button" onClick={onCancel}>{t("chat.cancel")}</button>
        <button className="button primary" disabled={!draft.trim()}>{t("chat.saveEdit")}</button>
      </footer>
    </form>
  );
}

function Question({ message, isLive, actions }: { message: Kept; isLive: boolean; actions: Actions }) {
  const { t } = useTranslation();
  const [isEditing, setEditing] = useState(false);
  const save = (text: string) => { setEditing(false); actions.onEdit(message, text); };
  if (isEditing) return <Editor text={message.content} onSave={save} onCancel={() => setEditing(false)} />;
  return (
    <>
      <div className="bubble">{message.content}</div>
      {!isLive && (
        <div className="actions">
          <CopyButton text={message.content} />
          {message.checkpoint_before && <IconButton icon="edit" label={t("chat.edit")} onClick={() => setEditing(true)} />}
          <Versions message={message} onSwitch={actions.onSwitch} />
        </div>
      )}
    </>
  );
}

/** Most answers cost far less than a cent. */
const money = (cost: string | null): string =>
  Number(cost ?? 0).toLocaleString(i18next.language, { maximumSignificantDigits: 2, maximumFractionDigits: 9 });

type AnswerGiven = Shown & { sessionId: string; actions: Actions };

function Answer({ message, results, isLive, usage, sessionId, actions }: AnswerGiven) {
  const { t } = useTranslation();
  const isLast = !isLive && message.content !== "";
  return (
    <>
      {message.reasoning && (
        <details className="fold"><summary><Icon name="down" /> {t("chat.reasoning")}</summary><p className="reasoning">{message.reasoning}</p></details>
      )}
      {message.content && <Markdown text={message.content} />}
      {message.tool_calls.map((call) => <ToolCall key={call.id} call={call} result={results.get(call.id)} isLive={isLive} />)}
      {message.citations?.length ? <Citations citations={message.citations} /> : null}
      {isLast && (
        <div className="actions">
          <CopyButton text={message.content} />
          <IconButton icon="redo" label={t("chat.regenerate")} onClick={() => actions.onRegenerate(message)} />
          <Feedback sessionId={sessionId} messageId={message.id} />
          <Versions message={message} onSwitch={actions.onSwitch} />
          {usage && <span className="cost">{t("chat.cost", { tokens: usage.total_tokens, cost: money(usage.total_cost) })}</span>}
        </div>
      )}
    </>
  );
}

export const Message = memo(function Message({ shown, sessionId, actions }: { shown: Shown; sessionId: string; actions: Actions }) {
  const { t } = useTranslation();
  const isQuestion = shown.message.role === "human";
  return (
    <article className={isQuestion ? "message mine" : "message"} aria-label={t(isQuestion ? "chat.you" : "chat.assistant")} data-message={shown.message.id}>
      {isQuestion ? <Question message={shown.message} isLive={shown.isLive} actions={actions} /> : <Answer {...shown} sessionId={sessionId} actions={actions} />}
    </article>
  );
});
