/** The tools that the model may use, each with its own settings. */

import { useState } from "react";
import { useTranslation } from "react-i18next";

import { asProblem } from "../api/problem";
import { useSetTool, useTools, useUserTool, type Tool } from "../api/settings";
import { Dialog } from "../components/dialog";
import { Icon } from "../components/icon";
import { Trouble } from "../components/trouble";
import { SchemaForm, type Schema } from "./schema-form";

const schemaOf = (tool: Tool): Schema => (tool.config_schema ?? {}) as Schema;

function Configuration({ tool, onClose }: { tool: Tool; onClose: () => void }) {
  const mine = useUserTool(tool.user_tool_id);
  const set = useSetTool();
  const problem = set.error && asProblem(set.error);
  const names = Object.keys(schemaOf(tool).properties ?? {}).flatMap((name) => [name, `configuration.${name}`]);
  const isShown = names.some((name) => problem?.fields[name]);
  if (tool.user_tool_id !== null && !mine.data) return mine.error ? <Trouble error={mine.error} /> : null;
  return (
    <Dialog title={tool.display_name} onClose={onClose}>
      {problem && !isShown && <Trouble error={problem} />}
      <SchemaForm schema={schemaOf(tool)} given={mine.data?.configuration ?? {}} kept={mine.data?.secrets ?? {}} complaints={problem?.fields ?? {}}
        onSave={(configuration) => set.mutate({ tool, configuration }, { onSuccess: onClose })} />
    </Dialog>
  );
}

function Row({ tool, onConfigure }: { tool: Tool; onConfigure: () => void }) {
  const { t } = useTranslation();
  const set = useSetTool();
  const shown = set.isPending && set.variables.is_enabled !== undefined ? set.variables.is_enabled : tool.is_enabled;
  return (
    <li className="line">
      <Icon name="tool" />
      <div className="about">
        <span className="title">{tool.display_name}</span>
        <p>{tool.description}{tool.requires_approval && ` ${t("settings.asksFirst")}`}</p>
        {set.error && <Trouble error={set.error} />}
      </div>
      {Object.keys(schemaOf(tool).properties ?? {}).length > 0 && <button type="button" className="button" onClick={onConfigure}>{t("settings.configure")}</button>}
      <span className="switch"><input type="checkbox" role="switch" checked={shown} aria-label={t("settings.useTool", { name: tool.display_name })} onChange={(event) => set.mutate({ tool, is_enabled: event.target.checked })} /></span>
    </li>
  );
}

export default function Tools() {
  const { t } = useTranslation();
  const found = useTools();
  const [open, setOpen] = useState<Tool | null>(null);
  return (
    <>
      {found.error && <Trouble error={found.error} onRetry={() => void found.refetch()} />}
      {found.data?.results.length === 0 && <p className="empty">{t("settings.noTools")}</p>}
      <ul className="lines" aria-label={t("settings.tools")}>{found.data?.results.map((tool) => <Row key={tool.tool_name} tool={tool} onConfigure={() => setOpen(tool)} />)}</ul>
      {open && <Configuration tool={open} onClose={() => setOpen(null)} />}
    </>
  );
}
