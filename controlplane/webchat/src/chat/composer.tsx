/** Where a message is written; its draft is kept on this device until it is sent. */

import { useLayoutEffect, useRef, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { IconButton } from "../components/icon-button";

type Given = {
  draftKey: string;
  isRunning: boolean;
  canQueue?: boolean;
  onSend: (text: string) => void;
  onStop: () => void;
  onFiles: (files: File[]) => void;
  attachments?: ReactNode;
  children?: ReactNode;
};

const kept = (key: string) => `threadplane.draft.${key}`;

/** Take a draft along to the chat that it began. */
export function moveDraft(from: string, to: string): void {
  const draft = localStorage.getItem(kept(from));
  if (draft) localStorage.setItem(kept(to), draft);
  localStorage.removeItem(kept(from));
}

function Attach({ onFiles }: { onFiles: (files: File[]) => void }) {
  const { t } = useTranslation();
  const field = useRef<HTMLInputElement>(null);
  return (
    <>
      <IconButton icon="clip" label={t("documents.attach")} onClick={() => field.current!.click()} />
      <input ref={field} type="file" multiple hidden aria-label={t("documents.attach")} onChange={(event) => { onFiles([...(event.target.files ?? [])]); event.target.value = ""; }} />
    </>
  );
}

export function Composer({ draftKey, isRunning, canQueue = false, onSend, onStop, onFiles, attachments, children }: Given) {
  const { t } = useTranslation();
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState(() => localStorage.getItem(kept(draftKey)) ?? "");
  const change = (value: string) => {
    setText(value);
    if (value) localStorage.setItem(kept(draftKey), value);
    else localStorage.removeItem(kept(draftKey));
  };
  useLayoutEffect(() => {
    const element = field.current!;
    element.style.height = "auto";
    element.style.height = `${Math.min(element.scrollHeight, 240)}px`;
  }, [text]);
  const send = () => {
    if (!text.trim() || (isRunning && !canQueue)) return;
    onSend(text);
    change("");
  };
  return (
    <form
      className="composer"
      onSubmit={(event) => { event.preventDefault(); send(); }}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => { event.preventDefault(); if (event.dataTransfer.files.length) onFiles([...event.dataTransfer.files]); }}
    >
      {attachments}
      <textarea
        ref={field} rows={1} autoFocus value={text} placeholder={t("chat.placeholder")} aria-label={t("chat.placeholder")}
        onChange={(event) => change(event.target.value)}
        onPaste={(event) => {
          const files = [...event.clipboardData.files];
          if (files.length === 0) return;
          event.preventDefault();
          onFiles(files);
        }}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
          event.preventDefault();
          send();
        }}
      />
      <div className="composer-tools">
        <Attach onFiles={onFiles} />
        {children}
        <span className="space" />
        {isRunning && canQueue && text.trim() && <IconButton icon="send" label={t("chat.queue")} type="submit" />}
        {isRunning ? (
          <IconButton icon="stop" label={t("chat.stop")} className="round" onClick={onStop} />
        ) : (
          <IconButton icon="send" label={t("chat.send")} className="round" type="submit" disabled={!text.trim()} />
        )}
      </div>
    </form>
  );
}
