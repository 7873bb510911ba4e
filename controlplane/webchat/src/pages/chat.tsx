/** A conversation: what was said, what is being said, and what can be done about it. */

import { useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useParams } from "react-router";

import { useChangeSession, useEffectiveConfiguration, useHistory } from "../api/queries";
import { body, rest, type History, type Message } from "../api/rest";
import { Approval, asked } from "../chat/approval";
import { Composer } from "../chat/composer";
import { conversation, questionOf } from "../chat/conversation";
import type { Actions } from "../chat/message";
import { MessageList } from "../chat/message-list";
import { ModelPicker } from "../chat/model-picker";
import { forgetFailure, isRunning, joinTurn, startTurn, stopTurn, useTurn } from "../chat/turns";
import { useUsage } from "../chat/usage";
import { Trouble } from "../components/trouble";

/** Listen again to a run that is still on: the page was loaded anew in the middle of an answer. */
function useJoin(sessionId: string): void {
  useEffect(() => {
    const params = { path: { session_id: sessionId }, query: { limit: 1 } };
    void body(rest.GET("/api/v1/sessions/{session_id}/runs/", { params })).then(({ results: [run] }) => {
      if (run && ["provisional", "pending", "running"].includes(String(run.status))) void joinTurn(sessionId, run.id);
    }, () => undefined);
  }, [sessionId]);
}

const NO_PAGES: History[] = [];

function useActions(sessionId: string, pages: History[], setAt: (at: string | undefined) => void): Actions {
  return useMemo(() => {
    const run = (from: string | null | undefined, hidesFrom: string, text?: string) => {
      setAt(undefined);
      void startTurn(sessionId, { text, checkpointId: from ?? undefined, hidesFrom });
    };
    return {
      onEdit: (message: Message, text: string) => run(message.checkpoint_before, message.id, text),
      onRegenerate: (message: Message) => {
        const question = questionOf(pages, message);
        if (question?.checkpoint_before) run(question.checkpoint_before, message.id);
      },
      onSwitch: setAt,
    };
  }, [sessionId, pages, setAt]);
}

export function Chat() {
  const { sessionId = "" } = useParams();
  return <Conversation key={sessionId} sessionId={sessionId} />;
}

function Conversation({ sessionId }: { sessionId: string }) {
  const { t } = useTranslation();
  const [at, setAt] = useState<string>();
  const history = useHistory(sessionId, at);
  const turn = useTurn(sessionId);
  const usage = useUsage(sessionId);
  const change = useChangeSession();
  const effective = useEffectiveConfiguration(sessionId);
  useJoin(sessionId);
  const pages = history.data?.pages ?? NO_PAGES;
  const newest = pages[0];
  const rows = useMemo(() => conversation(pages, turn, usage), [pages, turn, usage]);
  const actions = useActions(sessionId, pages, setAt);
  const running = isRunning(turn);
  const send = (text: string) => { setAt(undefined); void startTurn(sessionId, { text, checkpointId: at && (newest?.checkpoint_id || undefined) }); };
  const retry = () => { const text = turn?.sent; forgetFailure(sessionId); void startTurn(sessionId, { text }); };
  useEffect(() => { document.title = newest?.session.title ?? t("product"); }, [newest, t]);
  return (
    <main className="chat">
      {history.error && pages.length === 0 && !turn ? (
        <div className="list-frame centered"><Trouble error={history.error} onRetry={() => void history.refetch()} /></div>
      ) : (
        <MessageList rows={rows} sessionId={sessionId} actions={actions} hasEarlier={history.hasNextPage} isLoadingEarlier={history.isFetchingNextPage} onEarlier={() => void history.fetchNextPage()}>
          {running && !turn?.messages.at(-1)?.content && <p className="thinking" role="status">{t("chat.thinking")}<span className="dot" /></p>}
          {!running && asked(newest?.interrupts ?? []).map((call) => <Approval key={call.id} sessionId={sessionId} call={call} />)}
          {turn?.error && <Trouble error={turn.error} onRetry={retry} />}
        </MessageList>
      )}
      {at && <div className="branch" role="status">{t("chat.branch")} <button type="button" className="link" onClick={() => setAt(undefined)}>{t("chat.newest")}</button></div>}
      <Composer draftKey={sessionId} isRunning={running} onSend={send} onStop={() => void stopTurn(sessionId)}>
        <ModelPicker value={effective.data?.model.value} onChange={(model_name) => newest && change.mutate({ session: newest.session, change: { kind: "model", model_name } })} />
      </Composer>
      <p className="disclaimer">{t("chat.disclaimer")}</p>
    </main>
  );
}
