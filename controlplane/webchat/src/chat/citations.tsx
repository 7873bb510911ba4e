/** Where an answer looked; each opens the passage that it was found in. */

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { asProblem } from "../api/problem";
import { body, rest, type Schemas } from "../api/rest";
import { Dialog } from "../components/dialog";
import { Icon } from "../components/icon";
import { Trouble } from "../components/trouble";

type Citation = Schemas["Citation"];

function Passage({ citation }: { citation: Citation }) {
  const { t } = useTranslation();
  const { document_id, chunk: first } = citation;
  const found = useQuery({
    queryKey: ["passage", document_id, first],
    queryFn: () =>
      body(rest.GET("/api/v1/documents/{document_id}/passages/", { params: { path: { document_id }, query: { first, limit: 1 } } })),
    retry: false,
  });
  const passage = found.data?.results.find(({ chunk }) => chunk === first);
  if (asProblem(found.error).status === 404) return <p>{t("chat.noPassage")}</p>;
  if (found.isPending) return <p>{t("loading")}…</p>;
  if (found.error) return <Trouble error={found.error} onRetry={() => void found.refetch()} />;
  return passage ? <blockquote>{passage.text}</blockquote> : <p>{t("chat.noPassage")}</p>;
}

export function Citations({ citations }: { citations: Citation[] }) {
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
          <Passage citation={open} />
        </Dialog>
      )}
    </div>
  );
}
