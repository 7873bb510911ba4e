/** The user's settings, one section at a time. */

import "../styles/page.css";
import "../styles/documents.css";
import "../styles/settings.css";

import { useEffect, type ComponentType } from "react";
import { useTranslation } from "react-i18next";
import { Navigate, NavLink, useParams } from "react-router";

import Account from "../settings/account";
import Keys from "../settings/keys";
import Memories from "../settings/memories";
import Preferences from "../settings/preferences";
import Prompts from "../settings/prompts";
import Tokens from "../settings/tokens";
import Tools from "../settings/tools";

const SECTIONS: Record<string, ComponentType> = {
  preferences: Preferences, tools: Tools, prompts: Prompts, memories: Memories, keys: Keys, tokens: Tokens, account: Account,
};

export default function Settings() {
  const { t } = useTranslation();
  const { section = "" } = useParams();
  const Section = SECTIONS[section];
  // Newer browsers give a promise back, which an effect must not.
  useEffect(() => { void document.querySelector(".sections [aria-current]")?.scrollIntoView({ inline: "nearest", block: "nearest" }); }, [section]);
  if (!Section) return <Navigate to="/settings/preferences" replace />;
  return (
    <main className="page">
      <h1>{t("settings.title")}</h1>
      <nav className="sections" aria-label={t("settings.sections")}>
        {Object.keys(SECTIONS).map((name) => <NavLink key={name} to={`/settings/${name}`}>{t(`settings.${name}`)}</NavLink>)}
      </nav>
      <section aria-label={t(`settings.${section}`)}><Section /></section>
    </main>
  );
}
