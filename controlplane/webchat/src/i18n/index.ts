/** Every word that people read, by i18next; the browser's language decides until they choose another. */

import i18next from "i18next";
import { initReactI18next } from "react-i18next";

import { en } from "./en";

export const LANGUAGES = ["en", "de"] as const;
export const LANGUAGE_NAMES: Record<(typeof LANGUAGES)[number], string> = { en: "English", de: "Deutsch" };
export const isLanguage = (name: string): name is (typeof LANGUAGES)[number] => (LANGUAGES as readonly string[]).includes(name);
const KEPT = "threadplane.language";

const wanted = (): string => {
  const language = localStorage.getItem(KEPT) ?? navigator.language.slice(0, 2);
  return isLanguage(language) ? language : "en";
};

async function load(language: string): Promise<void> {
  if (language === "de" && !i18next.hasResourceBundle("de", "translation"))
    i18next.addResourceBundle("de", "translation", (await import("./de")).de);
}

export async function startLanguages(): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: "en",
    fallbackLng: "en",
    resources: { en: { translation: en } },
    interpolation: { escapeValue: false },
  });
  await chooseLanguage(wanted(), { keep: false });
}

/** Take over what the account says, where this device has not been told otherwise. */
export async function suggestLanguage(language: string): Promise<void> {
  if (localStorage.getItem(KEPT) === null && isLanguage(language)) await chooseLanguage(language, { keep: false });
}

export async function chooseLanguage(language: string, { keep = true } = {}): Promise<void> {
  await load(language);
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
  if (keep) localStorage.setItem(KEPT, language);
}
