/** Light, dark, or as the system is; kept on this device. */

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];
const KEPT = "threadplane.theme";

export const currentTheme = (): Theme => THEMES.find((theme) => theme === localStorage.getItem(KEPT)) ?? "system";

/** Take over what the account says, where this device has not been told otherwise. */
export function suggestTheme(theme: Theme): void {
  if (localStorage.getItem(KEPT) === null) showTheme(theme);
}

export function chooseTheme(theme: Theme): void {
  localStorage.setItem(KEPT, theme);
  showTheme();
}

export function showTheme(theme = currentTheme()): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
