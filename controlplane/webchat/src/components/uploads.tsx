/** Files on their way to the server, and those that it would not take. */

import { useTranslation } from "react-i18next";

import type { Upload } from "../api/documents";
import { IconButton } from "./icon-button";
import { sentenceOf } from "./trouble";

export function Uploads({ uploads, onDismiss }: { uploads: Upload[]; onDismiss: (key: string) => void }) {
  const { t } = useTranslation();
  return uploads.map((one) => (
    <div key={one.key} className={one.error ? "upload failed" : "upload"} role={one.error ? "alert" : "status"}>
      <span className="title">{one.name}</span>
      {one.error ? (
        <>
          <span>{sentenceOf(one.error)}</span>
          <IconButton icon="close" label={t("documents.dismiss", { name: one.name })} onClick={() => onDismiss(one.key)} />
        </>
      ) : (
        <progress value={one.sent} max={1} aria-label={t("documents.uploading", { name: one.name })} />
      )}
    </div>
  ));
}
