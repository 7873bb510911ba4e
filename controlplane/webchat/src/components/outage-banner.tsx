/** Says that a plane is away, and that nothing has to be done about it. */

import { useTranslation } from "react-i18next";

import { useOutage } from "../api/outages";

export function OutageBanner() {
  const { t } = useTranslation();
  return useOutage() ? <p className="outage" role="status"><span className="dot" />{t("outage")}</p> : null;
}
