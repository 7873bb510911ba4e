/** Messages that wait for the end of an answer; each can be taken back until then. */

import { useTranslation } from "react-i18next";

import { IconButton } from "../components/icon-button";
import { unqueueMessage, useQueue } from "./turns";

export function Queue({ sessionId }: { sessionId: string }) {
  const { t } = useTranslation();
  const waiting = useQueue(sessionId);
  if (waiting.length === 0) return null;
  return (
    <ul className="queue" aria-label={t("chat.waiting")}>
      {waiting.map((text, place) => (
        <li key={`${place}-${text}`}>
          <span className="title">{text}</span>
          <IconButton icon="close" label={t("chat.takeBack")} onClick={() => unqueueMessage(sessionId, place)} />
        </li>
      ))}
    </ul>
  );
}
