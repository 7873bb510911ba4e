/** Access tokens for programs: made with what they may do, shown once, revoked. */

import { useState } from "react";
import { useTranslation } from "react-i18next";

import { body, rest, type Schemas } from "../api/rest";
import { useDeed, useTokens } from "../api/settings";
import { IconButton } from "../components/icon-button";
import { Trouble } from "../components/trouble";

const SCOPES = ["read", "write", "agent"] as const;
const TOKENS = [["tokens"]];

function Made({ secret, onClose }: { secret: string; onClose: () => void }) {
  const { t } = useTranslation();
  const [isCopied, setCopied] = useState(false);
  return (
    <div className="made" role="status">
      <p>{t("settings.onlyOnce")}</p>
      <code>{secret}</code>
      <IconButton icon={isCopied ? "check" : "copy"} label={t("chat.copy")} onClick={() => void navigator.clipboard.writeText(secret).then(() => setCopied(true))} />
      <IconButton icon="close" label={t("close")} onClick={onClose} />
    </div>
  );
}

export default function Tokens() {
  const { t, i18n } = useTranslation();
  const found = useTokens();
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<readonly (typeof SCOPES)[number][]>(["read"]);
  const [secret, setSecret] = useState("");
  const add = useDeed(TOKENS, async () => {
    const made: Schemas["PersonalAccessTokenMade"] = await body(rest.POST("/api/v1/auth/personal-access-tokens/", { body: { name, scopes: [...scopes] } }));
    setSecret(made.secret ?? "");
    setName("");
  });
  const revoke = useDeed(TOKENS, (id: string) => rest.DELETE("/api/v1/auth/personal-access-tokens/{personal_token_id}/", { params: { path: { personal_token_id: id } } }));
  const day = (value: string | null) => (value ? new Date(value).toLocaleDateString(i18n.language) : t("settings.never"));
  return (
    <>
      <p className="hint">{t("settings.tokensHint")}</p>
      {secret && <Made secret={secret} onClose={() => setSecret("")} />}
      {(found.error ?? add.error ?? revoke.error) && <Trouble error={found.error ?? add.error ?? revoke.error} />}
      <ul className="lines" aria-label={t("settings.tokens")}>
        {found.data?.results.map((one) => (
          <li key={one.id} className="line">
            <div className="about"><span className="title">{one.name}</span><p>{one.prefix}… · {one.scopes.join(", ")} · {t("settings.used", { when: day(one.last_used_at) })} · {t("settings.ends", { when: day(one.expires_at) })} · {one.state}</p></div>
            <IconButton icon="trash" label={t("settings.revoke", { name: one.name })} onClick={() => revoke.mutate(one.id)} />
          </li>
        ))}
      </ul>
      <form className="adding" onSubmit={(event) => { event.preventDefault(); add.mutate(undefined); }}>
        <label>{t("settings.name")}<input required maxLength={100} value={name} onChange={(event) => setName(event.target.value)} /></label>
        <fieldset>
          <legend>{t("settings.scopes")}</legend>
          {SCOPES.map((scope) => (
            <label key={scope}><input type="checkbox" checked={scopes.includes(scope)} onChange={(event) => setScopes(event.target.checked ? [...scopes, scope] : scopes.filter((one) => one !== scope))} /> {t(`settings.scope.${scope}`)}</label>
          ))}
        </fieldset>
        <button type="submit" className="button primary" disabled={scopes.length === 0 || add.isPending}>{t("settings.addToken")}</button>
      </form>
    </>
  );
}
