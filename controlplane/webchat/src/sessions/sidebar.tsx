/** The user's chats, searched and read on as they scroll, and what belongs to the account. */

import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useSessions, type Sought } from "../api/queries";
import { Icon } from "../components/icon";
import { IconButton } from "../components/icon-button";
import { Trouble } from "../components/trouble";
import { AccountMenu } from "./account-menu";
import { SessionRow } from "./session-row";

/** Follows a value once it has been quiet for a moment. */
function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = window.setTimeout(() => setSettled(value), 250);
    return () => window.clearTimeout(timer);
  }, [value]);
  return settled;
}

function Sessions({ onTag, ...sought }: Sought & { onTag: (tag: string) => void }) {
  const { t } = useTranslation();
  const found = useSessions(sought);
  const search = sought.search || sought.tag;
  const end = useRef<HTMLDivElement>(null);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = found;
  useEffect(() => {
    const watcher = new IntersectionObserver(([entry]) => { if (entry?.isIntersecting && hasNextPage && !isFetchingNextPage) void fetchNextPage(); });
    watcher.observe(end.current!);
    return () => watcher.disconnect();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const rows = found.data?.pages.flatMap((page) => page.results) ?? [];
  const sorted = [...rows.filter((row) => row.is_pinned), ...rows.filter((row) => !row.is_pinned)];
  return (
    <nav className="sessions" aria-label={t("sessions.list")}>
      {found.error && <Trouble error={found.error} onRetry={() => void found.refetch()} />}
      {found.isSuccess && rows.length === 0 && <p className="empty">{search ? t("sessions.nothingFound", { search }) : t("sessions.empty")}</p>}
      <ul>{sorted.map((session) => <SessionRow key={session.id} session={session} onTag={onTag} />)}</ul>
      <div ref={end} className="end">{isFetchingNextPage && `${t("sessions.loadMore")}…`}</div>
    </nav>
  );
}

export function Sidebar({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const [search, setSearch] = useState("");
  const [archived, setArchived] = useState(false);
  const [tag, setTag] = useState<string>();
  const settled = useSettled(search.trim());
  return (
    <aside className={isOpen ? "sidebar open" : "sidebar"}>
      <header>
        <Link to="/" className="brand" onClick={onClose}>{t("product")}</Link>
        <IconButton icon="close" label={t("sessions.close")} className="only-narrow" onClick={onClose} />
      </header>
      <Link to="/" className="button new" onClick={onClose}><Icon name="plus" /> {t("sessions.new")}</Link>
      <label className="search"><Icon name="search" /><input type="search" value={search} maxLength={200} placeholder={t("sessions.search")} aria-label={t("sessions.search")} onChange={(event) => setSearch(event.target.value)} /></label>
      <div className="tabs" role="group">
        <button type="button" aria-pressed={!archived} onClick={() => setArchived(false)}>{t("sessions.current")}</button>
        <button type="button" aria-pressed={archived} onClick={() => setArchived(true)}>{t("sessions.archived")}</button>
      </div>
      {tag !== undefined && <p className="narrowed">{t("sessions.tagged", { tag })} <IconButton icon="close" label={t("sessions.allTags")} onClick={() => setTag(undefined)} /></p>}
      <Sessions search={settled} archived={archived} tag={tag} onTag={setTag} />
      <AccountMenu />
    </aside>
  );
}
