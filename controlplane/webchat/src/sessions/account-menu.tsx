/** Who is signed in, and what is chosen for this device. */

import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";

import { useMe } from "../api/queries";
import { Icon } from "../components/icon";
import { chooseLanguage, LANGUAGE_NAMES, LANGUAGES } from "../i18n";
import { useSignOut } from "../signed-in";
import { chooseTheme, currentTheme, THEMES, type Theme } from "../theme";

export function AccountMenu() {
  const { t, i18n } = useTranslation();
  const me = useMe();
  const signOut = useSignOut();
  const [theme, setTheme] = useState<Theme>(currentTheme);
  return (
    <details className="account">
      <summary><Icon name="user" /><span className="title">{me.data?.email}</span></summary>
      <nav aria-label={t("account.pages")}>
        <Link className="button quiet" to="/documents"><Icon name="file" /> {t("documents.title")}</Link>
        <Link className="button quiet" to="/settings/preferences"><Icon name="tool" /> {t("settings.title")}</Link>
        <Link className="button quiet" to="/usage"><Icon name="chart" /> {t("usage.title")}</Link>
      </nav>
      <label>{t("theme.label")}
        <select value={theme} onChange={(event) => { const next = event.target.value as Theme; chooseTheme(next); setTheme(next); }}>
          {THEMES.map((name) => <option key={name} value={name}>{t(`theme.${name}`)}</option>)}
        </select>
      </label>
      <label>{t("language")}
        <select value={i18n.language} onChange={(event) => void chooseLanguage(event.target.value)}>
          {LANGUAGES.map((name) => <option key={name} value={name}>{LANGUAGE_NAMES[name]}</option>)}
        </select>
      </label>
      <button type="button" className="button" onClick={() => void signOut()}>{t("account.signOut")}</button>
    </details>
  );
}
