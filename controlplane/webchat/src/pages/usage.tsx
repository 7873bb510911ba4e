/** What the user has used, what is left of it, and each call. */

import "../styles/page.css";
import "../styles/usage.css";

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { callsAsCsv, useCalls, useLimits, useSums, type Grouping } from "../api/spending";
import type { Schemas } from "../api/rest";
import { Trouble } from "../components/trouble";

type Sums = Schemas["UsageSummary"];
const GROUPINGS: Grouping[] = ["day", "model", "session"];
const MOST_BARS = 12;
const FAILED = new Set(["failed", "cancelled", "unknown"]);

function useFigures() {
  const { i18n } = useTranslation();
  const count = (value: number) => new Intl.NumberFormat(i18n.language).format(value);
  // Single calls cost fractions of a cent.
  const money = (value: string | null | undefined) =>
    value == null ? "–" : new Intl.NumberFormat(i18n.language, { style: "currency", currency: "USD", minimumFractionDigits: 2, maximumFractionDigits: Math.abs(Number(value)) < 0.01 ? 7 : 4 }).format(Number(value));
  return { count, money };
}

type Limit = { name: string; limit: string | number | null; used: string | number; remaining: string | number | null; resets_at: string; isMoney: boolean };

function Gauge({ name, limit, used, remaining, resets_at, isMoney }: Limit) {
  const { t, i18n } = useTranslation();
  const { count, money } = useFigures();
  const shown = (value: string | number) => (isMoney ? money(String(value)) : count(Number(value)));
  if (limit === null || remaining === null) return null;
  return (
    <div className="gauge">
      <h3>{name}</h3>
      <p><strong>{shown(remaining)}</strong> {t("usage.leftOf", { limit: shown(limit) })}</p>
      <progress value={Number(used)} max={Math.max(Number(limit), Number(used), 1e-9)} aria-label={t("usage.used", { name })} />
      <p className="hint">{t("usage.resets", { when: new Date(resets_at).toLocaleString(i18n.language, { dateStyle: "medium", timeStyle: "short" }) })}</p>
    </div>
  );
}

function Limits() {
  const { t } = useTranslation();
  const found = useLimits();
  if (found.error) return <Trouble error={found.error} onRetry={() => void found.refetch()} />;
  if (!found.data) return null;
  const { messages, tokens, cost, month } = found.data;
  const all = ([["day", { messages, tokens, cost }], ["month", month]] as const).flatMap(([period, of]) => [
    { ...of.messages, name: t(`usage.messages.${period}`), isMoney: false },
    { ...of.tokens, name: t(`usage.tokens.${period}`), isMoney: false },
    { ...of.cost, name: t(`usage.cost.${period}`), isMoney: true },
  ]);
  return (
    <section aria-label={t("usage.limits")}>
      <h2>{t("usage.limits")}</h2>
      {all.every(({ limit }) => limit === null) && <p className="empty">{t("usage.unlimited")}</p>}
      <div className="gauges">{all.map((limit) => <Gauge key={limit.name} {...limit} />)}</div>
    </section>
  );
}

/** Days that nothing was used on are days as well. */
function everyDay(sums: Sums): { label: string; tokens: number }[] {
  const known = new Map(sums.results.map(({ key, total_tokens }) => [key, total_tokens]));
  const days = [];
  for (let day = new Date(`${sums.from}T00:00:00Z`); day <= new Date(`${sums.to}T00:00:00Z`); day = new Date(day.getTime() + 86_400_000)) {
    const label = day.toISOString().slice(0, 10);
    days.push({ label, tokens: known.get(label) ?? 0 });
  }
  return days;
}

function Days({ sums }: { sums: Sums }) {
  const days = everyDay(sums);
  const most = Math.max(...days.map(({ tokens }) => tokens), 1);
  const width = 100 / days.length;
  return (
    <figure className="days" aria-hidden="true">
      <svg viewBox="0 0 100 32" preserveAspectRatio="none">
        {days.map(({ label, tokens }, place) => (
          <rect key={label} x={place * width + width * 0.12} width={width * 0.76} y={32 - (tokens / most) * 31} height={(tokens / most) * 31}><title>{`${label}: ${tokens}`}</title></rect>
        ))}
      </svg>
      <figcaption><span>{sums.from}</span><span>{sums.to}</span></figcaption>
    </figure>
  );
}

function Bars({ sums }: { sums: Sums }) {
  const top = [...sums.results].sort((one, other) => other.total_tokens - one.total_tokens).slice(0, MOST_BARS);
  const most = Math.max(...top.map(({ total_tokens }) => total_tokens), 1);
  return (
    <div className="bars" aria-hidden="true">
      {top.map(({ key, label, total_tokens }) => (
        <div key={key ?? ""}>
          <span className="title">{label || "–"}</span>
          <svg viewBox="0 0 100 1" preserveAspectRatio="none"><rect width={(total_tokens / most) * 100} height="1" /></svg>
        </div>
      ))}
    </div>
  );
}

function Sums() {
  const { t } = useTranslation();
  const { count, money } = useFigures();
  const [grouping, setGrouping] = useState<Grouping>("day");
  const found = useSums(grouping);
  const sums = found.data;
  return (
    <section aria-label={t("usage.sums")}>
      <header className="heading">
        <h2>{t("usage.sums")}</h2>
        <div className="tabs" role="group" aria-label={t("usage.groupBy")}>
          {GROUPINGS.map((name) => <button key={name} type="button" aria-pressed={name === grouping} onClick={() => setGrouping(name)}>{t(`usage.by.${name}`)}</button>)}
        </div>
      </header>
      {found.error && <Trouble error={found.error} onRetry={() => void found.refetch()} />}
      {sums && (
        <>
          <p>{t("usage.total", { count: sums.total.calls, calls: count(sums.total.calls), tokens: count(sums.total.total_tokens), cost: money(sums.total.total_cost) })}</p>
          {grouping === "day" ? <Days sums={sums} /> : <Bars sums={sums} />}
          <div className="table" tabIndex={0} role="region" aria-label={t(`usage.by.${grouping}`)}>
            <table>
              <thead><tr><th>{t(`usage.by.${grouping}`)}</th><th>{t("usage.calls")}</th><th>{t("usage.in")}</th><th>{t("usage.out")}</th><th>{t("usage.costs")}</th></tr></thead>
              <tbody>
                {sums.results.map((row) => (
                  <tr key={row.key ?? ""}><th scope="row">{row.label || "–"}</th><td>{count(row.calls)}</td><td>{count(row.prompt_tokens)}</td><td>{count(row.completion_tokens)}</td><td>{money(row.total_cost)}</td></tr>
                ))}
              </tbody>
            </table>
          </div>
          {sums.is_truncated && <p className="hint">{t("usage.truncated", { groups: count(sums.results.length) })}</p>}
          {sums.results.length === 0 && <p className="empty">{t("usage.nothing")}</p>}
        </>
      )}
    </section>
  );
}

function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

function Calls() {
  const { t, i18n } = useTranslation();
  const { count, money } = useFigures();
  const found = useCalls();
  const [done, setDone] = useState(0);
  const csv = useMutation({ mutationFn: () => callsAsCsv(setDone), onSuccess: (blob) => save(blob, "usage.csv") });
  const rows = found.data?.pages.flatMap((page) => page.results) ?? [];
  return (
    <section aria-label={t("usage.list")}>
      <header className="heading">
        <h2>{t("usage.list")}</h2>
        <button type="button" className="button" disabled={csv.isPending || rows.length === 0} onClick={() => csv.mutate()}>
          {csv.isPending ? t("usage.reading", { count: done }) : t("usage.csv")}
        </button>
      </header>
      {(found.error ?? csv.error) && <Trouble error={found.error ?? csv.error} onRetry={() => void found.refetch()} />}
      {found.isSuccess && rows.length === 0 && <p className="empty">{t("usage.nothing")}</p>}
      {rows.length > 0 && (
        <div className="table" tabIndex={0} role="region" aria-label={t("usage.list")}>
          <table>
            <thead><tr><th>{t("usage.when")}</th><th className="text">{t("usage.by.model")}</th><th className="text">{t("usage.what")}</th><th>{t("usage.in")}</th><th>{t("usage.out")}</th><th>{t("usage.costs")}</th></tr></thead>
            <tbody>
              {rows.map((call) => (
                <tr key={call.id}>
                  <th scope="row">{new Date(call.created_at).toLocaleString(i18n.language, { dateStyle: "short", timeStyle: "short" })}</th>
                  <td className="text">{call.model_name}</td><td className="text">{t(`usage.type.${call.request_type}`, { defaultValue: String(call.request_type) })}{FAILED.has(String(call.outcome)) && <span className="failed"> {t(`usage.outcome.${call.outcome}`, { defaultValue: String(call.outcome) })}</span>}</td>
                  <td>{count(call.prompt_tokens)}</td><td>{count(call.completion_tokens)}</td><td>{call.is_priced ? money(call.total_cost) : <span className="hint" title={t("usage.unpricedHint")}>{t("usage.unpriced")}</span>}{call.is_estimated && <abbr title={t("usage.estimated")}> ≈</abbr>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {found.hasNextPage && <button type="button" className="button more" disabled={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>{t("more")}</button>}
    </section>
  );
}

export default function Usage() {
  const { t } = useTranslation();
  return (
    <main className="page">
      <h1>{t("usage.title")}</h1>
      <Limits />
      <Sums />
      <Calls />
    </main>
  );
}
