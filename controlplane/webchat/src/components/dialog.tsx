/** A modal window by the browser's own element: focus stays inside, Escape closes it. */

import { useEffect, useRef, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { IconButton } from "./icon-button";

export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: ReactNode }) {
  const { t } = useTranslation();
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => element.current?.showModal(), []);
  return (
    <dialog ref={element} className="dialog" aria-label={title} onClose={onClose}>
      <header>
        <h2>{title}</h2>
        <IconButton icon="close" label={t("close")} onClick={() => element.current?.close()} />
      </header>
      {children}
    </dialog>
  );
}
