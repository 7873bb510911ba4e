/** One chat in the list, with its menu. */

import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { NavLink, useNavigate, useParams } from "react-router";

import { useChangeSession, type SessionChange } from "../api/queries";
import type { Session } from "../api/rest";
import { useRunning } from "../chat/turns";
import { Icon } from "../components/icon";
import { IconButton } from "../components/icon-button";
import { Trouble } from "../components/trouble";
import { shareSession, type Form } from "./share";
import { useUnread } from "./unread";

function Menu({ session, onChoose, onRename, onTags, onShare, onClose }: { session: Session; onChoose: (change: SessionChange) => void; onRename: () => void; onTags: () => void; onShare: (form: Form) => void; onClose: () => void }) {
  const { t } = useTranslation();
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    element.current?.querySelector("button")?.focus();
    const away = (event: PointerEvent) => { if (!element.current?.parentElement?.contains(event.target as Node)) onClose(); };
    document.addEventListener("pointerdown", away);
    return () => document.removeEventListener("pointerdown", away);
  }, [onClose]);
  const remove = () => { if (window.confirm(t("sessions.confirmDelete", { title: session.title }))) onChoose({ kind: "delete" }); };
  const pinning = session.is_pinned ? "unpin" : "pin";
  const archiving = session.is_archived ? "restore" : "archive";
  return (
    <div ref={element} className="menu" role="menu" onKeyDown={(event) => event.key === "Escape" && onClose()}>
      <button type="button" role="menuitem" onClick={() => onChoose({ kind: pinning })}>{t(`sessions.${pinning}`)}</button>
      <button type="button" role="menuitem" onClick={onRename}>{t("sessions.rename")}</button>
      <button type="button" role="menuitem" onClick={onTags}>{t("sessions.tags")}</button>
      <button type="button" role="menuitem" onClick={() => onChoose({ kind: archiving })}>{t(`sessions.${archiving}`)}</button>
      <button type="button" role="menuitem" onClick={() => onShare("markdown")}>{t("sessions.markdown")}</button>
      <button type="button" role="menuitem" onClick={() => onShare("json")}>{t("sessions.json")}</button>
      <button type="button" role="menuitem" className="danger" onClick={remove}>{t("sessions.delete")}</button>
    </div>
  );
}

/** One line to write over a value in its place: Enter keeps it, Escape does not. */
function Line({ label, hint, value, onDone, onClose }: { label: string; hint?: string; value: string; onDone: (text: string) => void; onClose: () => void }) {
  const isOver = useRef(false);
  const end = (deed: () => void) => { if (!isOver.current) { isOver.current = true; deed(); } };
  return (
    <li className="session">
      <input autoFocus defaultValue={value} maxLength={800} aria-label={label} placeholder={hint} onBlur={(event) => end(() => onDone(event.target.value))}
        onKeyDown={(event) => { const { value: text } = event.currentTarget; if (event.key === "Enter") end(() => onDone(text)); if (event.key === "Escape") end(onClose); }} />
    </li>
  );
}

const tagsOf = (text: string): string[] => [...new Set(text.split(",").map((tag) => tag.trim().toLowerCase()).filter(Boolean))];

export function SessionRow({ session, onTag }: { session: Session; onTag: (tag: string) => void }) {
  const { t } = useTranslation();
  const [mode, setMode] = useState<"shown" | "menu" | "rename" | "tags">("shown");
  const [close] = useState(() => () => setMode("shown"));
  const isRunning = useRunning(session.id);
  const isUnread = useUnread(session.id);
  const change = useChangeSession();
  const share = useMutation({ mutationFn: (form: Form) => shareSession(session, form) });
  const navigate = useNavigate();
  const { sessionId } = useParams();
  const choose = (wish: SessionChange) => {
    close();
    change.mutate({ session, change: wish });
    if (wish.kind === "delete" && sessionId === session.id) void navigate("/");
  };
  const rename = (title: string) => (title.trim() && title !== session.title ? choose({ kind: "rename", title }) : close());
  const tag = (text: string) => (text === session.tags.join(", ") ? close() : choose({ kind: "tags", tags: tagsOf(text) }));
  if (mode === "rename") return <Line label={t("sessions.name")} value={session.title} onDone={(text) => rename(text.slice(0, 200))} onClose={close} />;
  if (mode === "tags") return <Line label={t("sessions.tags")} hint={t("sessions.tagsHint")} value={session.tags.join(", ")} onDone={tag} onClose={close} />;
  return (
    <li className="session">
      <NavLink to={`/c/${session.id}`} title={session.title}>
        {session.is_pinned && <Icon name="pin" />}
        <span className="title">{session.title}</span>
        {isUnread && !isRunning && <span className="unread" role="img" aria-label={t("sessions.unread")} />}
        {isRunning && <span className="dot" role="img" aria-label={t("sessions.running")} />}
      </NavLink>
      <IconButton icon="dots" label={t("sessions.more", { title: session.title })} aria-haspopup="menu" aria-expanded={mode === "menu"} onClick={() => setMode(mode === "menu" ? "shown" : "menu")} />
      {mode === "menu" && <Menu session={session} onChoose={choose} onRename={() => setMode("rename")} onTags={() => setMode("tags")} onShare={(form) => { close(); share.mutate(form); }} onClose={close} />}
      {session.tags.length > 0 && <span className="tags">{session.tags.map((one) => <button key={one} type="button" onClick={() => onTag(one)} title={t("sessions.tagged", { tag: one })}>{one}</button>)}</span>}
      {(change.error ?? share.error) && <Trouble error={change.error ?? share.error} />}
    </li>
  );
}
