/** Which model answers: those that the user may use, with what each can do and what it costs. */

import i18next from "i18next";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useModels } from "../api/queries";
import type { Schemas } from "../api/rest";
import { Dialog } from "../components/dialog";
import { Icon } from "../components/icon";
import { Trouble } from "../components/trouble";

type Model = Schemas["Model"];

const compact = (value: number): string => new Intl.NumberFormat(i18next.language, { notation: "compact" }).format(value);
const dollars = (value: string): string =>
  new Intl.NumberFormat(i18next.language, { style: "currency", currency: "USD", maximumFractionDigits: 3 }).format(Number(value));

function useAbilities({ supports_tools, supports_vision, supports_reasoning, context_length, price }: Model): string[] {
  const { t } = useTranslation();
  const { input_mtok: input, output_mtok: output } = price ?? {};
  return [
    supports_tools && t("models.tools"),
    supports_vision && t("models.vision"),
    supports_reasoning && t("models.reasoning"),
    context_length !== null && t("models.context", { tokens: compact(context_length) }),
    input != null && output != null && t("models.price", { input: dollars(input), output: dollars(output) }),
  ].filter((one) => typeof one === "string");
}

function Choice({ model, isChosen, onChoose }: { model: Model; isChosen: boolean; onChoose: () => void }) {
  const abilities = useAbilities(model);
  return (
    <li>
      <button type="button" className="choice" aria-pressed={isChosen} autoFocus={isChosen} onClick={onChoose}>
        <span className="name">{model.display_name || model.name} {isChosen && <Icon name="check" />}</span>
        <span className="hint">{[model.provider, ...abilities].filter(Boolean).join(" · ")}</span>
      </button>
    </li>
  );
}

export function ModelPicker({ value, onChange }: { value: string | undefined; onChange: (name: string) => void }) {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  const found = useModels();
  const models = found.data?.results ?? [];
  const chosen = value ?? models.find((model) => model.is_default)?.name ?? "";
  const shown = models.find(({ name }) => name === chosen)?.display_name || chosen;
  return (
    <>
      <button type="button" className="picker" aria-haspopup="dialog" aria-label={t("models.chosen", { name: shown })} onClick={() => setOpen(true)}>
        <span className="title">{shown || t("chat.model")}</span>
      </button>
      {isOpen && (
        <Dialog title={t("models.title")} onClose={() => setOpen(false)}>
          {found.error && <Trouble error={found.error} onRetry={() => void found.refetch()} />}
          <ul className="choices">
            {models.map((model) => <Choice key={model.name} model={model} isChosen={model.name === chosen} onChoose={() => { onChange(model.name); setOpen(false); }} />)}
          </ul>
        </Dialog>
      )}
    </>
  );
}
