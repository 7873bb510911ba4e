/** The user's own keys for providers of models; a key is never shown again. */

import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { asProblem } from "../api/problem";
import { body, rest } from "../api/rest";
import { useDeed, useKeys, type ProviderKey } from "../api/settings";
import { IconButton } from "../components/icon-button";
import { sentenceOf, Trouble } from "../components/trouble";

const KEYS = [["keys"]];

const pathOf = ({ id }: ProviderKey) => ({ params: { path: { key_id: id } } });

function Row({ one }: { one: ProviderKey }) {
  const { t } = useTranslation();
  const remove = useDeed(KEYS, () => rest.DELETE("/api/v1/provider-keys/{key_id}/", pathOf(one)));
  const change = useDeed(KEYS, (changes: { is_active?: boolean; daily_limit?: number | null }) => body(rest.PATCH("/api/v1/provider-keys/{key_id}/", { ...pathOf(one), body: changes })));
  const check = useDeed(KEYS, () => body(rest.POST("/api/v1/provider-keys/{key_id}/validate/", pathOf(one))));
  const trouble = remove.error ?? change.error ?? check.error;
  return (
    <li className="line">
      <div className="about">
        <span className="title">{one.key_name}</span>
        <p>{one.provider} · {one.key_prefix}…{one.last_four} · {one.needs_reentry ? t("settings.reenter") : one.refused_at ? t("settings.refused") : one.is_validated ? t("settings.valid") : t("settings.unchecked")}</p>
        {one.validation_error && <p className="bad">{one.validation_error}</p>}
        {trouble && <Trouble error={trouble} />}
      </div>
      <label className="small">{t("settings.dailyLimit")}
        <input type="number" min={1} defaultValue={one.daily_limit ?? ""} onBlur={(event) => {
          const field = event.target;
          const next = field.value === "" ? null : Number(field.value);
          if (next !== one.daily_limit) change.mutate({ daily_limit: next }, { onError: () => { field.value = String(one.daily_limit ?? ""); } });
        }} />
      </label>
      <button type="button" className="button" disabled={check.isPending} onClick={() => check.mutate(undefined)}>{t("settings.check")}</button>
      <span className="switch"><input type="checkbox" role="switch" checked={one.is_active} aria-label={t("settings.useKey", { name: one.key_name })} onChange={(event) => change.mutate({ is_active: event.target.checked })} /></span>
      <IconButton icon="trash" label={t("documents.delete", { name: one.key_name })} onClick={() => remove.mutate(undefined)} />
    </li>
  );
}

export default function Keys() {
  const { t } = useTranslation();
  const found = useKeys();
  const [given, setGiven] = useState({ provider: "openai", key_name: "", api_key: "" });
  const add = useDeed(KEYS, (key: typeof given) => body(rest.POST("/api/v1/provider-keys/", { body: key })));
  const send = (event: FormEvent) => {
    event.preventDefault();
    // The key stays in this form alone, and no longer than it is needed.
    add.mutate(given, { onSuccess: () => { setGiven({ ...given, key_name: "", api_key: "" }); add.reset(); } });
  };
  const fields = add.error ? asProblem(add.error).fields : {};
  return (
    <>
      <p className="hint">{t("settings.keysHint")}</p>
      {found.error && <Trouble error={found.error} onRetry={() => void found.refetch()} />}
      <ul className="lines" aria-label={t("settings.keys")}>{found.data?.results.map((one) => <Row key={one.id} one={one} />)}</ul>
      <form className="adding" onSubmit={send}>
        <label>{t("settings.provider")}<input required maxLength={100} value={given.provider} onChange={(event) => setGiven({ ...given, provider: event.target.value })} /></label>
        <label>{t("settings.name")}<input required maxLength={100} value={given.key_name} onChange={(event) => setGiven({ ...given, key_name: event.target.value })} /></label>
        <label>{t("settings.key")}<input required type="password" autoComplete="off" maxLength={500} value={given.api_key} onChange={(event) => setGiven({ ...given, api_key: event.target.value })} /></label>
        <button type="submit" className="button primary" disabled={add.isPending}>{t("settings.addKey")}</button>
      </form>
      {add.error && <p className="bad" role="alert">{Object.values(fields).flat().join(" ") || sentenceOf(add.error)}</p>}
    </>
  );
}
