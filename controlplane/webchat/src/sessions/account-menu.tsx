/** Who is signed in, and what is chosen for this device. */

import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useMe } from "../api/queries";
import { Icon } from "../components/icon";
import { chooseLanguage, LANGUAGES } from "../i18n";
import { useSignOut } from "../signed-in";
import { chooseTheme, currentTheme, THEMES, type Theme } from "../theme";

const NAMES: Record<(typeof LANGUAGES)[number], string> = { en: "English", de: "Deutsch" };

export function AccountMenu() {
  const { t, i18n } = useTranslation();
  const me = useMe();
  const signOut = useSignOut();
  const [theme, setTheme] = useState<Theme>(currentTheme);
  return (
    <details className="account">
      <summary><Icon name="user" /><span className="title">{me.data?.email}</span></summary>
      <label>{t("theme.label")}
        <select value={theme} onChange={(event) => { const next = event.target.value as Theme; chooseTheme(next); setTheme(next); }}>
          {THEMES.map((name) => <option key={name} value={name}>{t(`theme.${name}`)}</option>)}
        </select>
      </label>
      <label>{t("language")}
        <select value={i18n.language} onChange={(event) => void chooseLanguage(event.target.value)}>
          {LANGUAGES.map((name) => <option key={name} value={name}>{NAMES[name]}</option>)}
        </select>
      </label>
      <button type="button" className="button" onClick={() => void signOut()}>{t("account.signOut")}</button>
    </details>
  );
}
