/** System prompts: written, tried with their variables, and taken back to an earlier version. */

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { asProblem } from "../api/problem";
import { body, rest } from "../api/rest";
import { useDeed, usePrompts, useVersions, type Prompt } from "../api/settings";
import { Dialog } from "../components/dialog";
import { IconButton } from "../components/icon-button";
import { sentenceOf, Trouble } from "../components/trouble";

const PROMPTS = [["prompts"]];

function Preview({ prompt }: { prompt: Prompt }) {
  const { t } = useTranslation();
  const [values, setValues] = useState<Record<string, string>>({});
  const render = useMutation({
    mutationFn: () => body(rest.POST("/api/v1/prompts/{prompt_id}/render/", { params: { path: { prompt_id: prompt.id } }, body: { variables: values } })),
  });
  return (
    <form className="schema" onSubmit={(event) => { event.preventDefault(); render.mutate(); }}>
      {prompt.variables.map((name) => (
        <label key={name} className="setting">{name}<input value={values[name] ?? ""} onChange={(event) => setValues({ ...values, [name]: event.target.value })} /></label>
      ))}
      <button type="submit" className="button">{t("settings.preview")}</button>
      {render.error && <p className="bad" role="alert">{Object.values(asProblem(render.error).fields).flat().join(" ") || sentenceOf(render.error)}</p>}
      {render.data && <blockquote role="status">{render.data.text}</blockquote>}
    </form>
  );
}

function Versions({ prompt, onRestored }: { prompt: Prompt; onRestored: () => void }) {
  const { t, i18n } = useTranslation();
  const found = useVersions(prompt.id);
  const restore = useDeed(PROMPTS, (number: number) =>
    body(rest.POST("/api/v1/prompts/{prompt_id}/versions/{version_number}/restore/", { params: { path: { prompt_id: prompt.id, version_number: number } } })));
  return (
    <details>
      <summary>{t("settings.versions")}</summary>
      <ul className="lines">
        {found.data?.results.map((one) => (
          <li key={one.number} className="line">
            <div className="about"><span className="title">{t("settings.version", { number: one.number })}</span><p>{new Date(one.created_at).toLocaleString(i18n.language)}</p></div>
            {one.number !== prompt.version && <button type="button" className="button" onClick={() => restore.mutate(one.number, { onSuccess: onRestored })}>{t("settings.restore")}</button>}
          </li>
        ))}
      </ul>
      {restore.error && <Trouble error={restore.error} />}
    </details>
  );
}

function Editor({ prompt, onClose }: { prompt: Prompt | null; onClose: () => void }) {
  const { t } = useTranslation();
  const [name, setName] = useState(prompt?.name ?? "");
  const [content, setContent] = useState(prompt?.content ?? "");
  const save = useDeed(PROMPTS, () =>
    prompt
      ? body(rest.PATCH("/api/v1/prompts/{prompt_id}/", { params: { path: { prompt_id: prompt.id } }, body: { name, content } }))
      : body(rest.POST("/api/v1/prompts/", { body: { name, content } })));
  const isMine = prompt?.is_mine ?? true;
  return (
    <Dialog title={prompt?.name ?? t("settings.newPrompt")} onClose={onClose}>
      <form className="schema" onSubmit={(event) => { event.preventDefault(); save.mutate(undefined, { onSuccess: onClose }); }}>
        <label className="setting">{t("settings.name")}<input required maxLength={100} readOnly={!isMine} value={name} onChange={(event) => setName(event.target.value)} /></label>
        <label className="setting">{t("settings.content")}<textarea required rows={8} maxLength={20_000} readOnly={!isMine} value={content} onChange={(event) => setContent(event.target.value)} /></label>
        <p className="hint">{t("settings.variablesHint")}</p>
        {save.error && <p className="bad" role="alert">{Object.values(asProblem(save.error).fields).flat().join(" ") || sentenceOf(save.error)}</p>}
        {isMine && <button type="submit" className="button primary" disabled={save.isPending}>{t("settings.save")}</button>}
      </form>
      {prompt && <Preview prompt={prompt} />}
      {prompt && isMine && <Versions prompt={prompt} onRestored={onClose} />}
    </Dialog>
  );
}

export default function Prompts() {
  const { t } = useTranslation();
  const found = usePrompts();
  const [open, setOpen] = useState<Prompt | "new" | null>(null);
  const remove = useDeed(PROMPTS, (id: string) => rest.DELETE("/api/v1/prompts/{prompt_id}/", { params: { path: { prompt_id: id } } }));
  const prompts = found.data?.pages.flatMap((page) => page.results) ?? [];
  return (
    <>
      <button type="button" className="button primary" onClick={() => setOpen("new")}>{t("settings.newPrompt")}</button>
      {(found.error ?? remove.error) && <Trouble error={found.error ?? remove.error} onRetry={() => void found.refetch()} />}
      {found.isSuccess && prompts.length === 0 && <p className="empty">{t("settings.noPrompts")}</p>}
      <ul className="lines" aria-label={t("settings.prompts")}>
        {prompts.map((prompt) => (
          <li key={prompt.id} className="line">
            <div className="about">
              <button type="button" className="title link" onClick={() => setOpen(prompt)}>{prompt.name}</button>
              <p>{prompt.description || prompt.content.slice(0, 120)}</p>
            </div>
            {prompt.is_default && <span className="chip">{t("settings.default")}</span>}
            {!prompt.is_mine && <span className="chip">{t("settings.shared")}</span>}
            {prompt.is_mine && <IconButton icon="trash" label={t("documents.delete", { name: prompt.name })} onClick={() => remove.mutate(prompt.id)} />}
          </li>
        ))}
      </ul>
      {found.hasNextPage && <button type="button" className="button more" onClick={() => void found.fetchNextPage()}>{t("more")}</button>}
      {open && <Editor key={open === "new" ? "new" : open.id} prompt={open === "new" ? null : open} onClose={() => setOpen(null)} />}
    </>
  );
}
