/** A chat that has not begun: the first message makes it. */

import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";

import { newSession } from "../api/queries";
import { Composer } from "../chat/composer";
import { ModelPicker } from "../chat/model-picker";
import { startTurn } from "../chat/turns";
import { Trouble } from "../components/trouble";

export function NewChat() {
  const { t } = useTranslation();
  const [model, setModel] = useState<string>();
  const navigate = useNavigate();
  const begin = useMutation({
    mutationFn: async (text: string) => ({ text, session: await newSession(model) }),
    onSuccess: ({ text, session }) => {
      void startTurn(session.id, { text });
      void navigate(`/c/${session.id}`);
    },
  });
  return (
    <main className="chat fresh">
      <h1>{t("chat.greeting")}</h1>
      {begin.error && <Trouble error={begin.error} onRetry={() => begin.mutate(begin.variables!)} />}
      <Composer draftKey="new" isRunning={begin.isPending} onSend={begin.mutate} onStop={() => undefined}>
        <ModelPicker value={model} onChange={setModel} />
      </Composer>
    </main>
  );
}
