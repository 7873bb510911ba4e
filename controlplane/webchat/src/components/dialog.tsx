/** A modal window by the browser's own element: focus stays inside, Escape closes it. */

import { useEffect, useRef, type ReactNode, type SyntheticEvent } from "react";
import { createPortal } from "react-dom";
import { useTranslation } from "react-i18next";

import { IconButton } from "./icon-button";

/** What happens in the window is not the business of what opened it. */
const apart = (event: SyntheticEvent) => event.stopPropagation();

export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: ReactNode }) {
  const { t } = useTranslation();
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => element.current?.showModal(), []);
  // At the end of the page: whatever opens it may be inside of a form, or of what hides its surplus.
  return createPortal(
    <dialog ref={element} className="dialog" aria-label={title} onClose={onClose} onSubmit={apart} onPaste={apart} onDrop={apart}>
      <header>
        <h2>{title}</h2>
        <IconButton icon="close" label={t("close")} onClick={() => element.current?.close()} />
      </header>
      {children}
    </dialog>,
    document.body,
  );
}
