/** A chat that has not begun: the first message makes it. */

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";

import { letWait } from "../api/documents";
import { newSession } from "../api/queries";
import { Composer, moveDraft } from "../chat/composer";
import { ModelPicker } from "../chat/model-picker";
import { PromptPicker, type ChosenPrompt } from "../chat/prompt-picker";
import { startTurn } from "../chat/turns";
import { Trouble } from "../components/trouble";

export function NewChat() {
  const { t } = useTranslation();
  const [model, setModel] = useState<string>();
  const [prompt, setPrompt] = useState<ChosenPrompt | null>(null);
  const navigate = useNavigate();
  const begin = useMutation({
    mutationFn: async (text: string) => ({ text, session: await newSession({ model, instructions: prompt?.text }) }),
    onSuccess: ({ text, session }) => {
      void startTurn(session.id, { text });
      void navigate(`/c/${session.id}`);
    },
  });
  const attach = useMutation({
    mutationFn: async (files: File[]) => ({ files, session: await newSession({ model, instructions: prompt?.text }) }),
    onSuccess: ({ files, session }) => {
      letWait(session.id, files);
      moveDraft("new", session.id);
      void navigate(`/c/${session.id}`);
    },
  });
  return (
    <main className="chat fresh">
      <h1>{t("chat.greeting")}</h1>
      {begin.error && <Trouble error={begin.error} onRetry={() => begin.mutate(begin.variables!)} />}
      {attach.error && <Trouble error={attach.error} onRetry={() => attach.mutate(attach.variables!)} />}
      <Composer draftKey="new" isRunning={begin.isPending} onSend={begin.mutate} onStop={() => undefined} onFiles={attach.mutate}>
        <PromptPicker inUse={prompt?.text ?? ""} onChoose={setPrompt} />
        <ModelPicker value={model} onChange={setModel} />
      </Composer>
    </main>
  );
}
