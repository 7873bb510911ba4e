/** The conversation as a list of which only what is seen is drawn; it stays at the end while words arrive. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { IconButton } from "../components/icon-button";
import { Message, type Actions, type Shown } from "./message";

type Given = {
  rows: Shown[];
  sessionId: string;
  actions: Actions;
  hasEarlier: boolean;
  isLoadingEarlier: boolean;
  onEarlier: () => void;
  children?: ReactNode;
};

const NEAR = 80;

export function MessageList({ rows, sessionId, actions, hasEarlier, isLoadingEarlier, onEarlier, children }: Given) {
  const { t } = useTranslation();
  const scroller = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const [isAway, setAway] = useState(false);
  const list = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 140,
    overscan: 6,
    getItemKey: (place) => rows[place]!.message.id,
    anchorTo: "end",
  });
  const toEnd = () => scroller.current?.scrollTo({ top: scroller.current.scrollHeight });
  useEffect(() => { atEnd.current = true; }, [sessionId]);
  useLayoutEffect(() => { if (atEnd.current) toEnd(); });
  const onScroll = () => {
    const { scrollTop, scrollHeight, clientHeight } = scroller.current!;
    atEnd.current = scrollHeight - scrollTop - clientHeight < NEAR;
    setAway(!atEnd.current);
    if (scrollTop < 400 && hasEarlier && !isLoadingEarlier) onEarlier();
  };
  return (
    <div className="list-frame">
      <div ref={scroller} className="scroller" onScroll={onScroll} role="log" aria-label={t("chat.conversation")} aria-live="off" tabIndex={0}>
        <div className="column">
          {hasEarlier && <button type="button" className="button quiet" disabled={isLoadingEarlier} onClick={onEarlier}>{t("chat.earlier")}</button>}
          <div className="rows" style={{ height: list.getTotalSize() }}>
            {list.getVirtualItems().map((item) => (
              <div key={item.key} ref={list.measureElement} data-index={item.index} className="row" style={{ transform: `translateY(${item.start}px)` }}>
                <Message shown={rows[item.index]!} sessionId={sessionId} actions={actions} />
              </div>
            ))}
          </div>
          {children}
        </div>
      </div>
      {isAway && <IconButton icon="down" label={t("chat.toEnd")} className="to-end" onClick={toEnd} />}
    </div>
  );
}
