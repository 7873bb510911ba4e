/** The files of one chat: those on their way, and those that its answers may quote. */

import { useTranslation } from "react-i18next";

import { isWorking, useDocumentDeed, useDocuments, type Document, type Upload } from "../api/documents";
import { Icon } from "../components/icon";
import { IconButton } from "../components/icon-button";
import { Trouble } from "../components/trouble";
import { Uploads } from "../components/uploads";

function Attached({ document, onRemove }: { document: Document; onRemove: () => void }) {
  const { t } = useTranslation();
  const hasFailed = document.processing_status === "failed";
  return (
    <li className={hasFailed ? "chip bad" : "chip"} title={hasFailed ? document.error_message : undefined}>
      {isWorking(document) ? <span className="dot" role="status" aria-label={t("documents.waiting")} /> : <Icon name="file" />}
      <span className="title">{document.file_name}</span>
      {hasFailed && <span>{document.error_message || t("documents.failed")}</span>}
      <IconButton icon="close" label={t("documents.detach", { name: document.file_name })} onClick={onRemove} />
    </li>
  );
}

export function Attachments({ sessionId, uploads, onDismiss }: { sessionId: string; uploads: Upload[]; onDismiss: (key: string) => void }) {
  const { t } = useTranslation();
  const found = useDocuments(sessionId);
  const remove = useDocumentDeed("delete");
  const documents = found.data?.pages.flatMap((page) => page.results) ?? [];
  if (documents.length + uploads.length === 0) return null;
  return (
    <div className="attachments">
      <Uploads uploads={uploads} onDismiss={onDismiss} />
      {remove.error && <Trouble error={remove.error} />}
      <ul aria-label={t("documents.attached")}>
        {documents.map((document) => <Attached key={document.id} document={document} onRemove={() => { if (window.confirm(t("documents.confirmDelete", { name: document.file_name }))) remove.mutate(document.id); }} />)}
      </ul>
    </div>
  );
}
