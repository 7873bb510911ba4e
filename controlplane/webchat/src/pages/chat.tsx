/** A conversation: what was said, what is being said, and what can be done about it. */

import { useCallback, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { useParams } from "react-router";

import { takeWaiting, useUploads } from "../api/documents";
import { useRecovery } from "../api/outages";
import { useBranches, useChangeSession, useEffectiveConfiguration, useHistory } from "../api/queries";
import type { History, Message } from "../api/rest";
import { Approval, asked } from "../chat/approval";
import { Attachments } from "../chat/attachments";
import { Composer } from "../chat/composer";
import { conversation, isKept, lastQuestion, questionOf, withBranches } from "../chat/conversation";
import type { Actions } from "../chat/message";
import { MessageList } from "../chat/message-list";
import { ModelPicker } from "../chat/model-picker";
import { PromptPicker } from "../chat/prompt-picker";
import { Queue } from "../chat/queue";
import { forgetFailure, isRunning, joinLast, queueMessage, retryTurn, startTurn, stopTurn, turnOf, useTurn } from "../chat/turns";
import { useUsage } from "../chat/usage";
import { Trouble } from "../components/trouble";
import { noteRead } from "../sessions/unread";

type Refetch = () => Promise<{ data?: { pages: History[] } }>;

/** Once the planes are back, an answer that was cut off is listened to again, or is in the history by now. */
function useJoin(sessionId: string, refetch: Refetch): void {
  useEffect(() => { void joinLast(sessionId); }, [sessionId]);
  useRecovery(useCallback(() => {
    void refetch().then(({ data }) => {
      const turn = turnOf(sessionId);
      const isAnswered = data?.pages[0]?.messages.at(-1)?.role === "ai";
      if (turn?.error?.code === "unreachable" && isAnswered && isKept(data.pages, turn)) forgetFailure(sessionId);
      return joinLast(sessionId);
    });
  }, [sessionId, refetch]));
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
  const usage = useUsage(sessionId, history.data?.pages ?? NO_PAGES);
  const change = useChangeSession();
  const effective = useEffectiveConfiguration(sessionId);
  const { uploads, upload, dismiss } = useUploads();
  useJoin(sessionId, history.refetch);
  useEffect(() => noteRead(sessionId), [sessionId, turn]);
  useEffect(() => { const files = takeWaiting(sessionId); if (files.length) void upload(files, sessionId); }, [sessionId, upload]);
  const branches = useBranches(sessionId, at);
  const pages = useMemo(() => withBranches(history.data?.pages ?? NO_PAGES, branches.data), [history.data, branches.data]);
  const newest = pages[0];
  const rows = useMemo(() => conversation(pages, turn, usage), [pages, turn, usage]);
  const actions = useActions(sessionId, pages, setAt);
  const running = isRunning(turn);
  const send = (text: string) => { if (running) return queueMessage(sessionId, text); setAt(undefined); void startTurn(sessionId, { text, after: lastQuestion(pages)?.id, checkpointId: at && (newest?.checkpoint_id || undefined) }); };
  useEffect(() => { document.title = newest?.session.title ?? t("product"); }, [newest, t]);
  return (
    <main className="chat">
      {history.error && pages.length === 0 && !turn ? (
        <div className="list-frame centered"><Trouble error={history.error} onRetry={() => void history.refetch()} /></div>
      ) : (
        <MessageList rows={rows} sessionId={sessionId} actions={actions} hasEarlier={history.hasNextPage} isLoadingEarlier={history.isFetchingNextPage} onEarlier={() => void history.fetchNextPage()}>
          {running && !turn?.messages.at(-1)?.content && <p className="thinking" role="status">{t("chat.thinking")}<span className="dot" /></p>}
          {!running && asked(newest?.interrupts ?? []).map((call) => <Approval key={call.id} sessionId={sessionId} call={call} />)}
          {turn?.error && <Trouble error={turn.error} onRetry={() => void retryTurn(sessionId)} />}
        </MessageList>
      )}
      {at && <div className="branch" role="status">{t("chat.branch")} <button type="button" className="link" onClick={() => setAt(undefined)}>{t("chat.newest")}</button></div>}
      <Composer draftKey={sessionId} isRunning={running} canQueue onSend={send} onStop={() => void stopTurn(sessionId)} onFiles={(files) => void upload(files, sessionId)} attachments={<><Queue sessionId={sessionId} /><Attachments sessionId={sessionId} uploads={uploads} onDismiss={dismiss} /></>}>
        <PromptPicker inUse={newest?.session.custom_system_prompt ?? ""} error={change.error} onChoose={(chosen) => newest && change.mutate({ session: newest.session, change: chosen ? { kind: "prompt", ...chosen } : { kind: "no-prompt" } })} />
        <ModelPicker value={effective.data?.model.value} onChange={(model_name) => newest && change.mutate({ session: newest.session, change: { kind: "model", model_name } })} />
      </Composer>
      <p className="disclaimer">{t("chat.disclaimer")}</p>
    </main>
  );
}
