/** What guards the account: its password, and codes of an authenticator app. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useTranslation } from "react-i18next";
import { renderSVG } from "uqr";

import { activateCodes, authenticators, changePassword, deactivateCodes, newSecret, reauthenticate, recoveryCodes } from "../api/accounts";
import { asProblem } from "../api/problem";
import { Dialog } from "../components/dialog";
import { Trouble } from "../components/trouble";
import { refresh } from "../api/refresh";

const AUTHENTICATORS = ["authenticators"];

const fieldsOf = (event: FormEvent<HTMLFormElement>): Record<string, string> => {
  event.preventDefault();
  return Object.fromEntries([...new FormData(event.currentTarget)].map(([name, value]) => [name, String(value)]));
};

export function Password() {
  const { t } = useTranslation();
  const change = useMutation({ mutationFn: ({ now = "", next = "" }: Record<string, string>) => changePassword(now, next) });
  return (
    <section aria-label={t("security.password")}>
      <h3>{t("security.password")}</h3>
      <form className="adding" onSubmit={(event) => { const form = event.currentTarget; change.mutate(fieldsOf(event), { onSuccess: () => form.reset() }); }}>
        <label>{t("security.current")}<input name="now" type="password" autoComplete="current-password" required maxLength={200} /></label>
        <label>{t("security.next")}<input name="next" type="password" autoComplete="new-password" required maxLength={200} /></label>
        <button type="submit" className="button" disabled={change.isPending}>{t("security.change")}</button>
      </form>
      {change.error && <Trouble error={change.error} />}
      {change.isSuccess && <p role="status">{t("security.changed")}</p>}
    </section>
  );
}

/** Asks for the password again where it was given too long ago, and then goes on. */
function Asked({ onDone, onClose }: { onDone: () => void; onClose: () => void }) {
  const { t } = useTranslation();
  const again = useMutation({ mutationFn: ({ password = "" }: Record<string, string>) => reauthenticate(password), onSuccess: onDone });
  return (
    <Dialog title={t("security.again")} onClose={onClose}>
      <form className="schema" onSubmit={(event) => again.mutate(fieldsOf(event))}>
        <label className="setting">{t("account.password")}<input name="password" type="password" autoComplete="current-password" autoFocus required maxLength={200} /></label>
        {again.error && <Trouble error={again.error} />}
        <footer><button type="submit" className="button primary" disabled={again.isPending}>{t("account.confirm")}</button></footer>
      </form>
    </Dialog>
  );
}

type Secret = { secret: string; totp_url: string };

function SetUp({ offered, activate, onClose }: { offered: Secret; activate: { mutate: (code: string) => void; isPending: boolean; error: unknown }; onClose: () => void }) {
  const { t } = useTranslation();
  const picture = `data:image/svg+xml,${encodeURIComponent(renderSVG(offered.totp_url, { border: 4 }))}`;
  return (
    <Dialog title={t("security.setUp")} onClose={onClose}>
      <form className="schema" onSubmit={(event) => activate.mutate((fieldsOf(event).code ?? "").replaceAll(" ", ""))}>
        <p>{t("security.scan")}</p>
        <img className="qr" src={picture} alt={t("security.picture")} width="200" height="200" />
        <p className="hint">{t("security.byHand")} <code className="secret">{offered.secret}</code></p>
        <label className="setting">{t("account.code")}<input name="code" inputMode="numeric" autoComplete="one-time-code" autoFocus required maxLength={20} /></label>
        {activate.error !== null && <Trouble error={activate.error} />}
        <footer><button type="submit" className="button primary" disabled={activate.isPending}>{t("security.activate")}</button></footer>
      </form>
    </Dialog>
  );
}

function Codes({ codes, onClose }: { codes: string[]; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Dialog title={t("security.recovery")} onClose={onClose}>
      <p>{t("security.recoveryHint")}</p>
      <ul className="codes">{codes.map((code) => <li key={code}><code>{code}</code></li>)}</ul>
      <footer><button type="button" className="button" onClick={() => void navigator.clipboard.writeText(codes.join("\n"))}>{t("chat.copy")}</button></footer>
    </Dialog>
  );
}

type Wish = "set-up" | "end" | "codes" | { code: string };
const isTooLongAgo = (error: unknown): boolean => asProblem(error).code === "reauthentication_required";

export function SecondFactor() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const found = useQuery({ queryKey: AUTHENTICATORS, queryFn: authenticators });
  const [shown, setShown] = useState<{ offered: Secret } | { codes: string[] } | { asksFor: Wish } | null>(null);
  const isOn = found.data?.some(({ type }) => type === "totp") ?? false;
  const close = () => setShown(null);
  const deed = useMutation({
    mutationFn: async (wish: Wish) => {
      if (wish === "set-up") setShown({ offered: await newSecret() });
      else if (wish === "end") { await deactivateCodes(); close(); }
      else {
        if (wish !== "codes") await activateCodes(wish.code);
        setShown({ codes: await recoveryCodes() });
      }
    },
    onError: (error, wish) => { if (isTooLongAgo(error)) setShown({ asksFor: wish }); },
    onSettled: () => refresh(client, AUTHENTICATORS),
  });
  const trouble = deed.error && !isTooLongAgo(deed.error) ? deed.error : null;
  return (
    <section aria-label={t("security.twoSteps")}>
      <h3>{t("security.twoSteps")}</h3>
      <p className="hint">{t(isOn ? "security.isOn" : "security.isOff")}</p>
      {(found.error ?? (shown ? null : trouble)) && <Trouble error={found.error ?? trouble} onRetry={() => void found.refetch()} />}
      {found.isSuccess && !isOn && <button type="button" className="button" onClick={() => deed.mutate("set-up")}>{t("security.setUp")}</button>}
      {isOn && (
        <p className="pair">
          <button type="button" className="button" onClick={() => deed.mutate("codes")}>{t("security.recovery")}</button>
          <button type="button" className="button danger" onClick={() => deed.mutate("end")}>{t("security.end")}</button>
        </p>
      )}
      {shown && "asksFor" in shown && <Asked onClose={close} onDone={() => { close(); deed.mutate(shown.asksFor); }} />}
      {shown && "offered" in shown && <SetUp offered={shown.offered} onClose={close} activate={{ mutate: (code) => deed.mutate({ code }), isPending: deed.isPending, error: trouble }} />}
      {shown && "codes" in shown && <Codes codes={shown.codes} onClose={close} />}
    </section>
  );
}
