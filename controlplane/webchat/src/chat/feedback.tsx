/** Thumbs for an answer, and what was wrong with it. */

import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useFeedback, useGiveFeedback } from "../api/queries";
import type { Schemas } from "../api/rest";
import { Dialog } from "../components/dialog";
import { IconButton } from "../components/icon-button";
import { Trouble } from "../components/trouble";

const REASONS = ["inaccurate", "incomplete", "unclear", "off_topic", "too_long", "too_slow"] as const;
type Given = Schemas["FeedbackInputRequest"];

function Reasons({ messageId, onSend, onClose }: { messageId: string; onSend: (given: Given) => void; onClose: () => void }) {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState<string[]>([]);
  const [text, setText] = useState("");
  const toggle = (reason: string) => setChosen((now) => (now.includes(reason) ? now.filter((one) => one !== reason) : [...now, reason]));
  const send = () => {
    onSend({ message_id: messageId, rating: "thumbs_down", feedback_categories: REASONS.filter((one) => chosen.includes(one)), feedback_text: text });
    onClose();
  };
  return (
    <Dialog title={t("feedback.why")} onClose={onClose}>
      <div className="citations">
        {REASONS.map((reason) => (
          <button type="button" key={reason} className="chip" aria-pressed={chosen.includes(reason)} onClick={() => toggle(reason)}>
            {t(`feedback.${reason}`)}
          </button>
        ))}
      </div>
      <textarea rows={3} value={text} maxLength={2000} placeholder={t("feedback.details")} aria-label={t("feedback.details")} onChange={(event) => setText(event.target.value)} />
      <footer><button type="button" className="button primary" onClick={send}>{t("feedback.send")}</button></footer>
    </Dialog>
  );
}

export function Feedback({ sessionId, messageId }: { sessionId: string; messageId: string }) {
  const { t } = useTranslation();
  const given = useFeedback(sessionId).data?.results.find((one) => one.message_id === messageId)?.rating;
  const give = useGiveFeedback(sessionId);
  const [asks, setAsks] = useState(false);
  const rating = give.variables && !give.error ? give.variables.rating : given;
  return (
    <>
      <IconButton icon="up" label={t("feedback.good")} aria-pressed={rating === "thumbs_up"} onClick={() => give.mutate({ message_id: messageId, rating: "thumbs_up" })} />
      <IconButton icon="thumbDown" label={t("feedback.bad")} aria-pressed={rating === "thumbs_down"} onClick={() => setAsks(true)} />
      {give.error && <Trouble error={give.error} />}
      {asks && <Reasons messageId={messageId} onSend={give.mutate} onClose={() => setAsks(false)} />}
    </>
  );
}
