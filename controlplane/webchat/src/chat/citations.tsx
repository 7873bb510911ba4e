/** Where an answer looked; each opens the passage that it was found in. */

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { body, rest, type Schemas } from "../api/rest";
import { Dialog } from "../components/dialog";
import { Icon } from "../components/icon";
import { Trouble } from "../components/trouble";

type Citation = Schemas["Citation"];

function Passage({ citation, sessionId, question }: { citation: Citation; sessionId: string; question: string }) {
  const { t } = useTranslation();
  const found = useQuery({
    queryKey: ["passage", sessionId, citation.document_id, citation.chunk, question],
    queryFn: () =>
      body(rest.POST("/api/v1/documents/search/", { body: { query: question.slice(0, 2000) || citation.title, session: sessionId, limit: 50 } })),
  });
  const passage = found.data?.results.find(({ document_id, chunk }) => document_id === citation.document_id && chunk === citation.chunk);
  if (found.isPending) return <p>{t("loading")}…</p>;
  if (found.error) return <Trouble error={found.error} onRetry={() => void found.refetch()} />;
  return passage ? <blockquote>{passage.text}</blockquote> : <p>{t("chat.noPassage")}</p>;
}

export function Citations({ citations, sessionId, question }: { citations: Citation[]; sessionId: string; question: string }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState<Citation | null>(null);
  return (
    <div className="citations" aria-label={t("chat.sources")} role="group">
      {citations.map((citation) => (
        <button type="button" key={`${citation.document_id}-${citation.chunk}`} className="chip" onClick={() => setOpen(citation)}>
          <Icon name="book" /> {citation.title} {citation.page ? t("chat.page", { page: citation.page }) : ""}
        </button>
      ))}
      {open && (
        <Dialog title={t("chat.passage", { title: open.title })} onClose={() => setOpen(null)}>
          <Passage citation={open} sessionId={sessionId} question={question} />
        </Dialog>
      )}
    </div>
  );
}
