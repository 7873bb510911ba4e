/** The user's documents: brought here, read, searched, switched on and off, and deleted. */

import "../styles/page.css";
import "../styles/documents.css";

import { useRef, useState, type DragEvent } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { isWorking, useChangeDocument, useDocumentDeed, useDocuments, useSearch, useUploads, type Document } from "../api/documents";
import type { Schemas } from "../api/rest";
import { Dialog } from "../components/dialog";
import { Icon } from "../components/icon";
import { IconButton } from "../components/icon-button";
import { Trouble } from "../components/trouble";
import { Uploads } from "../components/uploads";

const MEGABYTE = 1_000_000;

function useSize() {
  const { i18n } = useTranslation();
  return (bytes: number) => {
    const [value, unit] = bytes < MEGABYTE ? [bytes / 1000, "kilobyte"] : [bytes / MEGABYTE, "megabyte"];
    return new Intl.NumberFormat(i18n.language, { style: "unit", unit, maximumFractionDigits: 1 }).format(value);
  };
}

function State({ document }: { document: Document }) {
  const { t } = useTranslation();
  const { processing_status: status, processing_stage: stage } = document;
  if (status === "failed") return <span className="state bad">{document.error_message || t("documents.failed")}</span>;
  if (status === "completed") return <span className="state">{t("documents.chunks", { count: document.chunk_count })}</span>;
  return (
    <span className="state" role="status">
      <span className="dot" />
      {status === "pending" || !stage ? t("documents.waiting") : t(`documents.${stage}`, { pages: document.page_count, done: document.embedded_count, chunks: document.chunk_count })}
    </span>
  );
}

function Row({ document, onDelete }: { document: Document; onDelete: () => void }) {
  const { t, i18n } = useTranslation();
  const change = useChangeDocument();
  const again = useDocumentDeed("process");
  const size = useSize();
  const name = document.file_name;
  return (
    <li className="document">
      <Icon name="file" />
      <div className="about">
        <a className="title" href={`/api/v1/documents/${document.id}/file/`} download>{name}</a>
        <p>
          {size(document.file_size)} · {new Date(document.created_at).toLocaleDateString(i18n.language)} ·{" "}
          {document.session ? <Link to={`/c/${document.session}`}>{t("documents.oneChat")}</Link> : t("documents.allChats")}
          {document.tags?.map((tag) => <span key={tag} className="chip">{tag}</span>)}
        </p>
        <State document={document} />
        {(change.error ?? again.error) && <Trouble error={change.error ?? again.error} />}
      </div>
      <div className="deeds">
        {document.processing_status === "failed" && <button type="button" className="button" onClick={() => again.mutate(document.id)}>{t("chat.retry")}</button>}
        {document.session && <button type="button" className="button quiet" onClick={() => change.mutate({ id: document.id, change: { session: null } })}>{t("documents.useEverywhere")}</button>}
        <label className="switch">
          <input type="checkbox" role="switch" checked={document.is_active} aria-label={t("documents.use", { name })}
            onChange={(event) => change.mutate({ id: document.id, change: { is_active: event.target.checked } })} />
        </label>
        <IconButton icon="trash" label={t("documents.delete", { name })} onClick={onDelete} />
      </div>
    </li>
  );
}

function Passage({ passage }: { passage: Schemas["Passage"] }) {
  const { t } = useTranslation();
  return (
    <details className="passage">
      <summary>
        <Icon name="book" /> <span className="title">{passage.file_name}</span>
        <span className="place">{passage.page ? t("chat.page", { page: passage.page }) : passage.heading}</span>
      </summary>
      <blockquote>{passage.text}</blockquote>
    </details>
  );
}

function Search() {
  const { t } = useTranslation();
  const [query, setQuery] = useState("");
  const search = useSearch();
  return (
    <section aria-label={t("documents.search")}>
      <form className="ask" onSubmit={(event) => { event.preventDefault(); if (query.trim()) search.mutate(query); }}>
        <input type="search" value={query} maxLength={2000} placeholder={t("documents.searchHint")} aria-label={t("documents.search")} onChange={(event) => setQuery(event.target.value)} />
        <button type="submit" className="button" disabled={search.isPending}>{t("documents.search")}</button>
      </form>
      {search.error && <Trouble error={search.error} onRetry={() => search.mutate(query)} />}
      {search.data?.results.length === 0 && <p className="empty" role="status">{t("documents.nothing")}</p>}
      {search.data?.results.map((passage) => <Passage key={passage.id} passage={passage} />)}
    </section>
  );
}

function Drop({ onFiles }: { onFiles: (files: File[]) => void }) {
  const { t } = useTranslation();
  const field = useRef<HTMLInputElement>(null);
  const [isOver, setOver] = useState(false);
  const over = (event: DragEvent, is: boolean) => { event.preventDefault(); setOver(is); };
  return (
    <div
      className={isOver ? "drop over" : "drop"}
      onDragOver={(event) => over(event, true)} onDragLeave={(event) => over(event, false)}
      onDrop={(event) => { over(event, false); onFiles([...event.dataTransfer.files]); }}
    >
      <Icon name="upload" />
      <p>{t("documents.drop")}</p>
      <button type="button" className="button primary" onClick={() => field.current!.click()}>{t("documents.choose")}</button>
      <input ref={field} type="file" multiple hidden aria-label={t("documents.choose")} onChange={(event) => { onFiles([...(event.target.files ?? [])]); event.target.value = ""; }} />
      <p className="hint">{t("documents.kinds")}</p>
    </div>
  );
}

export default function Documents() {
  const { t } = useTranslation();
  const found = useDocuments();
  const { uploads, upload, dismiss } = useUploads();
  const [doomed, setDoomed] = useState<Document | null>(null);
  const remove = useDocumentDeed("delete");
  const rows = found.data?.pages.flatMap((page) => page.results) ?? [];
  return (
    <main className="page">
      <h1>{t("documents.title")}</h1>
      <Drop onFiles={(files) => void upload(files)} />
      <Uploads uploads={uploads} onDismiss={dismiss} />
      {rows.some((row) => !isWorking(row)) && <Search />}
      {found.error && <Trouble error={found.error} onRetry={() => void found.refetch()} />}
      {remove.error && <Trouble error={remove.error} />}
      {found.isSuccess && rows.length === 0 && <p className="empty">{t("documents.empty")}</p>}
      <ul className="documents" aria-label={t("documents.title")}>
        {rows.map((document) => <Row key={document.id} document={document} onDelete={() => setDoomed(document)} />)}
      </ul>
      {found.hasNextPage && <button type="button" className="button more" disabled={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>{t("more")}</button>}
      {doomed && (
        <Dialog title={t("documents.confirmDelete", { name: doomed.file_name })} onClose={() => setDoomed(null)}>
          <p>{t("documents.deleteHint")}</p>
          <footer>
            <button type="button" className="button danger" onClick={() => { remove.mutate(doomed.id); setDoomed(null); }}>{t("sessions.delete")}</button>
          </footer>
        </Dialog>
      )}
    </main>
  );
}
