/** One chat in the list, with its menu. */

import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { NavLink, useNavigate, useParams } from "react-router";

import { useChangeSession, type SessionChange } from "../api/queries";
import type { Session } from "../api/rest";
import { useRunning } from "../chat/turns";
import { Icon } from "../components/icon";
import { IconButton } from "../components/icon-button";
import { Trouble } from "../components/trouble";

function Menu({ session, onChoose, onRename, onClose }: { session: Session; onChoose: (change: SessionChange) => void; onRename: () => void; onClose: () => void }) {
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
      <button type="button" role="menuitem" onClick={() => onChoose({ kind: archiving })}>{t(`sessions.${archiving}`)}</button>
      <button type="button" role="menuitem" className="danger" onClick={remove}>{t("sessions.delete")}</button>
    </div>
  );
}

export function SessionRow({ session }: { session: Session }) {
  const { t } = useTranslation();
  const [mode, setMode] = useState<"shown" | "menu" | "rename">("shown");
  const [close] = useState(() => () => setMode("shown"));
  const isRunning = useRunning(session.id);
  const change = useChangeSession();
  const navigate = useNavigate();
  const { sessionId } = useParams();
  const choose = (wish: SessionChange) => {
    close();
    change.mutate({ session, change: wish });
    if (wish.kind === "delete" && sessionId === session.id) void navigate("/");
  };
  const rename = (title: string) => (title.trim() && title !== session.title ? choose({ kind: "rename", title }) : close());
  if (mode === "rename")
    return (
      <li className="session">
        <input autoFocus defaultValue={session.title} maxLength={200} aria-label={t("sessions.name")} onBlur={(event) => rename(event.target.value)}
          onKeyDown={(event) => { if (event.key === "Enter") rename(event.currentTarget.value); if (event.key === "Escape") close(); }} />
      </li>
    );
  return (
    <li className="session">
      <NavLink to={`/c/${session.id}`} title={session.title}>
        {session.is_pinned && <Icon name="pin" />}
        <span className="title">{session.title}</span>
        {isRunning && <span className="dot" role="img" aria-label={t("sessions.running")} />}
      </NavLink>
      <IconButton icon="dots" label={t("sessions.more", { title: session.title })} aria-haspopup="menu" aria-expanded={mode === "menu"} onClick={() => setMode(mode === "menu" ? "shown" : "menu")} />
      {mode === "menu" && <Menu session={session} onChoose={choose} onRename={() => setMode("rename")} onClose={close} />}
      {change.error && <Trouble error={change.error} />}
    </li>
  );
}
