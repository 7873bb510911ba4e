/** What is kept about the user between chats; they may have any of it forgotten. */

import { useState } from "react";
import { useTranslation } from "react-i18next";

import { rest } from "../api/rest";
import { useDeed, useMemories } from "../api/settings";
import { Dialog } from "../components/dialog";
import { IconButton } from "../components/icon-button";
import { Trouble } from "../components/trouble";

const MEMORIES = [["memories"]];

export default function Memories() {
  const { t, i18n } = useTranslation();
  const found = useMemories();
  const [isAsking, setAsking] = useState(false);
  const forget = useDeed(MEMORIES, (id: string) => rest.DELETE("/api/v1/memories/{memory_id}/", { params: { path: { memory_id: id } } }));
  const forgetAll = useDeed(MEMORIES, () => rest.DELETE("/api/v1/memories/"));
  const memories = found.data?.pages.flatMap((page) => page.results) ?? [];
  const trouble = found.error ?? forget.error ?? forgetAll.error;
  return (
    <>
      <p className="hint">{t("settings.memoriesHint")}</p>
      {trouble && <Trouble error={trouble} onRetry={() => void found.refetch()} />}
      {found.isSuccess && memories.length === 0 && <p className="empty">{t("settings.noMemories")}</p>}
      <ul className="lines" aria-label={t("settings.memories")}>
        {memories.map((memory) => (
          <li key={memory.id} className="line">
            <div className="about"><span>{memory.text}</span><p>{new Date(memory.updated_at).toLocaleDateString(i18n.language)}</p></div>
            <IconButton icon="trash" label={t("settings.forget")} onClick={() => forget.mutate(memory.id)} />
          </li>
        ))}
      </ul>
      {found.hasNextPage && <button type="button" className="button more" onClick={() => void found.fetchNextPage()}>{t("more")}</button>}
      {memories.length > 0 && <button type="button" className="button" onClick={() => setAsking(true)}>{t("settings.forgetAll")}</button>}
      {isAsking && (
        <Dialog title={t("settings.forgetAll")} onClose={() => setAsking(false)}>
          <p>{t("settings.forgetAllHint")}</p>
          <footer><button type="button" className="button danger" onClick={() => { forgetAll.mutate(undefined); setAsking(false); }}>{t("settings.forgetAll")}</button></footer>
        </Dialog>
      )}
    </>
  );
}
