/** Which model answers; those that the user may use, by their names for people. */

import { useTranslation } from "react-i18next";

import { useModels } from "../api/queries";

export function ModelPicker({ value, onChange }: { value: string | undefined; onChange: (name: string) => void }) {
  const { t } = useTranslation();
  const models = useModels().data?.results ?? [];
  const chosen = value ?? models.find((model) => model.is_default)?.name ?? "";
  const isListed = models.some(({ name }) => name === chosen);
  return (
    <select className="picker" aria-label={t("chat.model")} value={chosen} onChange={(event) => onChange(event.target.value)}>
      {!isListed && <option value={chosen}>{chosen}</option>}
      {models.map(({ name, display_name }) => <option key={name} value={name}>{display_name || name}</option>)}
    </select>
  );
}
