/** Instructions for a chat, taken from a prompt; what its braces name is filled in first. */

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { asProblem } from "../api/problem";
import { body, rest } from "../api/rest";
import { usePrompts, type Prompt } from "../api/settings";
import { Dialog } from "../components/dialog";
import { IconButton } from "../components/icon-button";
import { sentenceOf, Trouble } from "../components/trouble";

export type ChosenPrompt = { template: string; variables: Record<string, string>; text: string };

function useFill(onFilled: (chosen: ChosenPrompt) => void) {
  return useMutation({
    mutationFn: async ({ of, variables }: { of: Prompt; variables: Record<string, string> }) => {
      const { text } = await body(rest.POST("/api/v1/prompts/{prompt_id}/render/", { params: { path: { prompt_id: of.id } }, body: { variables } }));
      return { template: of.id, variables, text };
    },
    onSuccess: onFilled,
  });
}

function Form({ prompt, onFilled, onBack }: { prompt: Prompt; onFilled: (chosen: ChosenPrompt) => void; onBack: () => void }) {
  const { t } = useTranslation();
  const [variables, setVariables] = useState<Record<string, string>>(() => Object.fromEntries(prompt.variables.map((name) => [name, ""])));
  const fill = useFill(onFilled);
  const complaint = fill.error && (Object.values(asProblem(fill.error).fields).flat().join(" ") || sentenceOf(fill.error));
  return (
    <form className="schema" onSubmit={(event) => { event.preventDefault(); fill.mutate({ of: prompt, variables }); }}>
      <blockquote>{prompt.content}</blockquote>
      {prompt.variables.map((name, place) => (
        <label key={name} className="setting">{name}<input autoFocus={place === 0} required value={variables[name]} onChange={(event) => setVariables({ ...variables, [name]: event.target.value })} /></label>
      ))}
      {complaint && <p className="bad" role="alert">{complaint}</p>}
      <footer>
        <button type="button" className="button quiet" onClick={onBack}>{t("chat.cancel")}</button>
        <button type="submit" className="button primary" disabled={fill.isPending}>{t("prompts.use")}</button>
      </footer>
    </form>
  );
}

function Choices({ onFilled, onFill }: { onFilled: (chosen: ChosenPrompt) => void; onFill: (prompt: Prompt) => void }) {
  const { t } = useTranslation();
  const [search, setSearch] = useState("");
  const found = usePrompts(search.trim());
  const fill = useFill(onFilled);
  const prompts = found.data?.pages.flatMap((page) => page.results) ?? [];
  const choose = (prompt: Prompt) => (prompt.variables.length > 0 ? onFill(prompt) : fill.mutate({ of: prompt, variables: {} }));
  return (
    <>
      <input type="search" autoFocus className="wide" value={search} maxLength={200} placeholder={t("prompts.search")} aria-label={t("prompts.search")} onChange={(event) => setSearch(event.target.value)} />
      {(found.error ?? fill.error) && <Trouble error={found.error ?? fill.error} />}
      {found.isSuccess && prompts.length === 0 && <p className="hint">{search ? t("sessions.nothingFound", { search }) : t("settings.noPrompts")}</p>}
      <ul className="choices">
        {prompts.map((prompt) => (
          <li key={prompt.id}>
            <button type="button" className="choice" onClick={() => choose(prompt)}>
              <span className="name">{prompt.name}</span>
              <span className="hint">{prompt.description || prompt.content.slice(0, 120)}</span>
            </button>
          </li>
        ))}
      </ul>
      {found.hasNextPage && <button type="button" className="button more" onClick={() => void found.fetchNextPage()}>{t("more")}</button>}
    </>
  );
}

/** `inUse` is the text that holds in this chat, empty where there is none. */
export function PromptPicker({ inUse, onChoose, error }: { inUse: string; onChoose: (chosen: ChosenPrompt | null) => void; error?: unknown }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState<"no" | "list" | Prompt>("no");
  const close = () => setOpen("no");
  const choose = (chosen: ChosenPrompt | null) => { onChoose(chosen); close(); };
  return (
    <>
      <IconButton icon="prompt" label={t(inUse ? "prompts.inUse" : "prompts.title")} aria-haspopup="dialog" aria-pressed={inUse !== ""} onClick={() => setOpen("list")} />
      {error ? <Trouble error={error} /> : null}
      {open !== "no" && (
        <Dialog title={open === "list" ? t("prompts.title") : open.name} onClose={close}>
          {inUse && open === "list" && (
            <div className="in-use">
              <blockquote>{inUse}</blockquote>
              <button type="button" className="button" onClick={() => choose(null)}>{t("prompts.without")}</button>
            </div>
          )}
          {open === "list" ? <Choices onFilled={choose} onFill={setOpen} /> : <Form prompt={open} onFilled={choose} onBack={() => setOpen("list")} />}
        </Dialog>
      )}
    </>
  );
}
