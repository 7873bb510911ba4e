/** The account as a whole: where it is signed in, a copy of all that is in it, and its end. */

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useMe } from "../api/queries";
import { body, rest, signedOut, type Schemas } from "../api/rest";
import { useDeed, useExports } from "../api/settings";
import { tellTabs } from "../api/tabs";
import { Dialog } from "../components/dialog";
import { Trouble } from "../components/trouble";
import { forgetEverything } from "../signed-in";
import { Password, SecondFactor } from "./security";

function leave(): void {
  tellTabs({ kind: "signed-out" });
  forgetEverything();
  signedOut.dispatchEvent(new Event("signed-out"));
}

function SignOutEverywhere() {
  const { t } = useTranslation();
  const end = useMutation({ mutationFn: () => rest.POST("/api/v1/auth/sign-out-everywhere/"), onSuccess: leave });
  return (
    <section>
      <h3>{t("settings.signOutEverywhere")}</h3>
      <p className="hint">{t("settings.signOutHint")}</p>
      {end.error && <Trouble error={end.error} />}
      <button type="button" className="button" disabled={end.isPending} onClick={() => end.mutate()}>{t("settings.signOutEverywhere")}</button>
    </section>
  );
}

function Export({ one }: { one: Schemas["AccountExport"] }) {
  const { t, i18n } = useTranslation();
  return (
    <li className="line">
      <div className="about">
        <span className="title">{new Date(one.created_at).toLocaleString(i18n.language)}</span>
        <p role="status">{t(`settings.export.${one.status}`)}{one.status === "running" && one.pieces_total !== null && ` ${one.pieces_done}/${one.pieces_total}`}</p>
        {one.status === "running" && <progress value={one.pieces_done} max={one.pieces_total ?? undefined} aria-label={t("settings.export.running")} />}
      </div>
      {one.status === "ready" && <a className="button" href={`/api/v1/exports/${one.id}/file/`} download>{t("settings.download")}</a>}
    </li>
  );
}

function Exports() {
  const { t } = useTranslation();
  const found = useExports();
  const begin = useDeed([["exports"]], () => body(rest.POST("/api/v1/exports/")));
  return (
    <section>
      <h3>{t("settings.exportTitle")}</h3>
      <p className="hint">{t("settings.exportHint")}</p>
      {(found.error ?? begin.error) && <Trouble error={found.error ?? begin.error} />}
      <ul className="lines" aria-label={t("settings.exportTitle")}>{found.data?.results.map((one) => <Export key={one.id} one={one} />)}</ul>
      <button type="button" className="button" disabled={begin.isPending} onClick={() => begin.mutate(undefined)}>{t("settings.exportNow")}</button>
    </section>
  );
}

function Deletion() {
  const { t } = useTranslation();
  const [isAsking, setAsking] = useState(false);
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const end = useMutation({ mutationFn: () => body(rest.POST("/api/v1/me/deletion/", { body: { password, code } })), onSuccess: leave });
  return (
    <section>
      <h3>{t("settings.deleteAccount")}</h3>
      <p className="hint">{t("settings.deleteHint")}</p>
      <button type="button" className="button danger" onClick={() => setAsking(true)}>{t("settings.deleteAccount")}</button>
      {isAsking && (
        <Dialog title={t("settings.deleteAccount")} onClose={() => setAsking(false)}>
          <form className="schema" onSubmit={(event) => { event.preventDefault(); end.mutate(); }}>
            <p>{t("settings.deleteWarning")}</p>
            <label className="setting">{t("account.password")}<input type="password" autoComplete="current-password" maxLength={1024} value={password} onChange={(event) => setPassword(event.target.value)} /></label>
            <label className="setting">{t("settings.oneTimeCode")}<input autoComplete="one-time-code" maxLength={64} value={code} onChange={(event) => setCode(event.target.value)} /></label>
            {end.error && <Trouble error={end.error} />}
            <footer><button type="submit" className="button danger" disabled={end.isPending}>{t("settings.deleteForGood")}</button></footer>
          </form>
        </Dialog>
      )}
    </section>
  );
}

export default function Account() {
  const me = useMe();
  return (
    <>
      <p>{me.data?.email}</p>
      <Password />
      <SecondFactor />
      <SignOutEverywhere />
      <Exports />
      <Deletion />
    </>
  );
}
