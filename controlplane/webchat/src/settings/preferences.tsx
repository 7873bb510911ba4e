/** What holds for the user's chats where a chat says nothing else; each value says where it comes from. */

import { useEffect, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { useEffectiveConfiguration, useModels } from "../api/queries";
import { usePreferences, useChangePreferences, useSomeSession, type Preferences as Kept, type PreferencesChange } from "../api/settings";
import { asProblem } from "../api/problem";
import { chooseLanguage, isLanguage, LANGUAGE_NAMES, LANGUAGES } from "../i18n";
import { chooseTheme, THEMES, type Theme } from "../theme";
import { sentenceOf, Trouble } from "../components/trouble";

type Name = Extract<keyof PreferencesChange, string>;
type Change = ReturnType<typeof useChangePreferences>;
const STRATEGIES = ["reject", "enqueue", "interrupt", "rollback"] as const;
/** What of a session's effective configuration shows a preference's value where none is set. */
const SHOWN = { default_model: "model", default_temperature: "temperature", default_max_tokens: "max_tokens", summarization_threshold: "summarization_threshold", summarization_model: "summary_model" } as const;

function useInherited(name: Name): string {
  const { t } = useTranslation();
  const effective = useEffectiveConfiguration(useSomeSession());
  const key = SHOWN[name as keyof typeof SHOWN];
  const found = key && effective.data?.[key];
  return found && found.origin === "system" && found.value !== null && found.value !== "" ? t("settings.houseValue", { value: String(found.value) }) : t("settings.house");
}

function Row({ name, isSet, change, children }: { name: Name; isSet: boolean | null; change: Change; children: (id: string) => ReactNode }) {
  const { t } = useTranslation();
  const inherited = useInherited(name);
  const failed = change.error && change.variables && name in change.variables ? change.error : null;
  return (
    <div className="setting">
      <label htmlFor={name}>{t(`settings.${name}`)}</label>
      {children(name)}
      <p className="origin">{isSet === null ? t("settings.forAll") : isSet ? t("settings.yours") : inherited}</p>
      {failed && <p className="bad" role="alert">{asProblem(failed).fields[name]?.join(" ") ?? sentenceOf(failed)}</p>}
    </div>
  );
}

function Figure({ name, kept, change, ...bounds }: { name: Name; kept: Kept; change: Change; min?: number; max?: number; step?: number }) {
  const value = kept[name] as number | null;
  const [text, setText] = useState("");
  useEffect(() => setText(value === null ? "" : String(value)), [value, change.failureCount]);
  const commit = () => {
    const next = text === "" ? null : Number(text);
    if (next !== value) change.mutate({ [name]: next });
  };
  return (
    <Row name={name} isSet={value !== null} change={change}>
      {(id) => <input id={id} type="number" {...bounds} value={text} onChange={(event) => setText(event.target.value)} onBlur={commit} onKeyDown={(event) => event.key === "Enter" && commit()} />}
    </Row>
  );
}

function Models({ name, kept, change }: { name: "default_model" | "summarization_model"; kept: Kept; change: Change }) {
  const { t } = useTranslation();
  const models = useModels().data?.results ?? [];
  return (
    <Row name={name} isSet={kept[name] !== ""} change={change}>
      {(id) => (
        <select id={id} value={kept[name]} onChange={(event) => change.mutate({ [name]: event.target.value })}>
          <option value="">{t("settings.asHouse")}</option>
          {models.map((model) => <option key={model.name} value={model.name}>{model.name}</option>)}
        </select>
      )}
    </Row>
  );
}

function LongText({ kept, change }: { kept: Kept; change: Change }) {
  const { t } = useTranslation();
  const [text, setText] = useState(kept.custom_system_prompt);
  useEffect(() => setText(kept.custom_system_prompt), [kept.custom_system_prompt]);
  return (
    <Row name="custom_system_prompt" isSet={kept.custom_system_prompt !== ""} change={change}>
      {(id) => (
        <>
          <textarea id={id} rows={4} value={text} onChange={(event) => setText(event.target.value)} />
          <button type="button" className="button" disabled={text === kept.custom_system_prompt} onClick={() => change.mutate({ custom_system_prompt: text })}>{t("settings.save")}</button>
        </>
      )}
    </Row>
  );
}

export default function Preferences() {
  const { t } = useTranslation();
  const found = usePreferences();
  const change = useChangePreferences();
  if (found.error) return <Trouble error={found.error} onRetry={() => void found.refetch()} />;
  const kept = found.data;
  if (!kept) return null;
  return (
    <div className="settings-list">
      <Models name="default_model" kept={kept} change={change} />
      <Figure name="default_temperature" kept={kept} change={change} min={0} max={2} step={0.1} />
      <Figure name="default_max_tokens" kept={kept} change={change} min={1} />
      <LongText kept={kept} change={change} />
      <Row name="multitask_strategy" isSet={null} change={change}>
        {(id) => (
          <select id={id} value={kept.multitask_strategy} onChange={(event) => change.mutate({ multitask_strategy: event.target.value as (typeof STRATEGIES)[number] })}>
            {STRATEGIES.map((one) => <option key={one} value={one}>{t(`settings.strategy.${one}`)}</option>)}
          </select>
        )}
      </Row>
      <Row name="enable_auto_summarization" isSet={null} change={change}>
        {(id) => <span className="switch"><input id={id} type="checkbox" role="switch" checked={kept.enable_auto_summarization} onChange={(event) => change.mutate({ enable_auto_summarization: event.target.checked })} /></span>}
      </Row>
      <Figure name="summarization_threshold" kept={kept} change={change} min={256} />
      <Models name="summarization_model" kept={kept} change={change} />
      <Row name="theme" isSet={null} change={change}>
        {(id) => (
          <select id={id} value={kept.theme} onChange={(event) => { const theme = event.target.value as Theme; chooseTheme(theme); change.mutate({ theme }); }}>
            {THEMES.map((name) => <option key={name} value={name}>{t(`theme.${name}`)}</option>)}
          </select>
        )}
      </Row>
      <Row name="language" isSet={null} change={change}>
        {(id) => (
          <select id={id} value={kept.language} onChange={(event) => { const language = event.target.value; void chooseLanguage(language); change.mutate({ language }); }}>
            {!isLanguage(kept.language) && <option value={kept.language}>{kept.language || t("theme.system")}</option>}
            {LANGUAGES.map((name) => <option key={name} value={name}>{LANGUAGE_NAMES[name]}</option>)}
          </select>
        )}
      </Row>
      <Row name="timezone" isSet={null} change={change}>
        {(id) => (
          <select id={id} value={kept.timezone} onChange={(event) => change.mutate({ timezone: event.target.value })}>
            {[...new Set([kept.timezone, "UTC", ...Intl.supportedValuesOf("timeZone")])].map((zone) => <option key={zone} value={zone}>{zone}</option>)}
          </select>
        )}
      </Row>
    </div>
  );
}
