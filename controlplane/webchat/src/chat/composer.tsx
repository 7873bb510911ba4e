/** Where a message is written; its draft is kept on this device until it is sent. */

import { useLayoutEffect, useRef, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { IconButton } from "../components/icon-button";

type Given = { draftKey: string; isRunning: boolean; onSend: (text: string) => void; onStop: () => void; children?: ReactNode };

const kept = (key: string) => `threadplane.draft.${key}`;

export function Composer({ draftKey, isRunning, onSend, onStop, children }: Given) {
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
    if (!text.trim() || isRunning) return;
    onSend(text);
    change("");
  };
  return (
    <form className="composer" onSubmit={(event) => { event.preventDefault(); send(); }}>
      <textarea
        ref={field} rows={1} autoFocus value={text} placeholder={t("chat.placeholder")} aria-label={t("chat.placeholder")}
        onChange={(event) => change(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
          event.preventDefault();
          send();
        }}
      />
      <div className="composer-tools">
        {children}
        {isRunning ? (
          <IconButton icon="stop" label={t("chat.stop")} className="round" onClick={onStop} />
        ) : (
          <IconButton icon="send" label={t("chat.send")} className="round" type="submit" disabled={!text.trim()} />
        )}
      </div>
    </form>
  );
}
