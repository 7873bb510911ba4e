/** Signing in and up, with the codes that these may ask for. */

import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";

import { askForReset, giveCode, resendCode, resetPassword, signIn, signUp, verifyEmail, type Step } from "../api/accounts";
import { Trouble } from "../components/trouble";

type View = "sign-in" | "sign-up" | "forgotten" | Exclude<Step, "done">;
const REGISTRATION = document.documentElement.dataset.registration;
const TITLES = { "sign-in": "account.welcome", "sign-up": "account.start", forgotten: "account.forgotten", verify_email: "account.verifyTitle", mfa_authenticate: "account.secondFactor", password_reset_by_code: "account.newPassword" } as const;
const DEEDS = { "sign-in": "account.signIn", "sign-up": "account.signUp", forgotten: "account.sendCode", verify_email: "account.confirm", password_reset_by_code: "account.confirm", mfa_authenticate: "account.confirm" } as const;

const send = (view: View, given: Record<string, string>): Promise<Step> => {
  const { email = "", password = "", invitation = "", code = "" } = given;
  if (view === "sign-in") return signIn(email, password);
  if (view === "sign-up") return signUp(email, password, invitation);
  if (view === "forgotten") return askForReset(email);
  if (view === "password_reset_by_code") return resetPassword(code, password);
  return view === "verify_email" ? verifyEmail(code) : giveCode(code);
};

function Field({ name, label, ...rest }: { name: string; label: string; type?: string; autoComplete: string; required?: boolean }) {
  return <label>{label}<input name={name} maxLength={200} {...rest} /></label>;
}

export function SignIn({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation();
  const [view, setView] = useState<View>("sign-in");
  const [email, setEmail] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const [isSent, setSent] = useState(false);
  const isFirst = view === "sign-in" || view === "sign-up";
  const asksCode = view === "verify_email" || view === "mfa_authenticate" || view === "password_reset_by_code";
  const show = (next: View) => { setError(null); setView(next); };
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const given = Object.fromEntries([...new FormData(event.currentTarget)].map(([name, value]) => [name, String(value)]));
    setBusy(true);
    setEmail(given.email ?? email);
    await send(view, given).then((step) => (step === "done" ? onDone() : show(step)), setError);
    setBusy(false);
  };
  return (
    <main className="sign-in">
      <form key={view} onSubmit={(event) => void submit(event)}>
        <img src="/static/webchat/icon.svg" alt="" width="44" height="44" />
        <h1>{t(TITLES[view])}</h1>
        {view === "verify_email" && <p>{t("account.verifyHint", { email })}</p>}
        {view === "mfa_authenticate" && <p>{t("account.secondFactorHint")}</p>}
        {view === "forgotten" && <p>{t("account.forgottenHint")}</p>}
        {view === "password_reset_by_code" && <p>{t("account.verifyHint", { email })}</p>}
        {(isFirst || view === "forgotten") && <Field name="email" type="email" label={t("account.email")} autoComplete="email" required />}
        {isFirst && <Field name="password" type="password" label={t("account.password")} autoComplete={view === "sign-in" ? "current-password" : "new-password"} required />}
        {view === "sign-up" && REGISTRATION === "invitation" && <Field name="invitation" label={t("account.invitation")} autoComplete="off" required />}
        {asksCode && <Field name="code" label={t("account.code")} autoComplete="one-time-code" required />}
        {view === "password_reset_by_code" && <Field name="password" type="password" label={t("security.next")} autoComplete="new-password" required />}
        {error !== null && <Trouble error={error} />}
        <button className="button primary" disabled={isBusy}>{t(DEEDS[view])}</button>
        {view === "sign-in" && <p><button type="button" className="link" onClick={() => show("forgotten")}>{t("account.forgotten")}</button></p>}
        {view === "verify_email" && <p role="status">{isSent ? t("account.sentAgain") : <button type="button" className="link" onClick={() => void resendCode().then(() => setSent(true), setError)}>{t("account.sendAgain")}</button>}</p>}
        {view === "sign-in" && REGISTRATION !== "closed" && <p>{t("account.noAccount")} <button type="button" className="link" onClick={() => show("sign-up")}>{t("account.signUp")}</button></p>}
        {view !== "sign-in" && <p>{view === "sign-up" && t("account.haveAccount")} <button type="button" className="link" onClick={() => show("sign-in")}>{view === "sign-up" ? t("account.signIn") : t("account.back")}</button></p>}
      </form>
    </main>
  );
}
