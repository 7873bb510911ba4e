/** Markdown as it streams: no raw HTML, only harmless links, colours and mathematics fetched when they are needed. */

import { lazy, memo, Suspense, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import ReactMarkdown, { type Components, type Options } from "react-markdown";
import remarkGfm from "remark-gfm";

import { IconButton } from "../components/icon-button";

const Rich = lazy(() => import("./rich-markdown"));

const RICH = /```|\$\$|\\\(|\\\[|\$[^\s$][^$\n]*\$/;
const SAFE_LINK = /^(https?:|mailto:|#)/i;

const wordsOf = (node: ReactNode): string => {
  if (typeof node === "string") return node;
  if (Array.isArray(node)) return node.map(wordsOf).join("");
  const inner = (node as { props?: { children?: ReactNode } } | null)?.props?.children;
  return inner === undefined ? "" : wordsOf(inner);
};

function Code({ children }: { children?: ReactNode }) {
  const { t } = useTranslation();
  const [copied, setCopied] = useState(false);
  const copy = () => void navigator.clipboard.writeText(wordsOf(children)).then(() => setCopied(true));
  return (
    <div className="code">
      <IconButton icon={copied ? "check" : "copy"} label={t(copied ? "chat.copied" : "chat.copyCode")} onClick={copy} />
      <pre tabIndex={0}>{children}</pre>
    </div>
  );
}

const components: Components = {
  pre: ({ children }) => <Code>{children}</Code>,
  table: ({ children }) => <div className="table" tabIndex={0}><table>{children}</table></div>,
  a: ({ href, children }) =>
    href && SAFE_LINK.test(href) ? <a href={href} target="_blank" rel="noopener noreferrer nofollow">{children}</a> : <span>{children}</span>,
  // A picture from elsewhere would tell its server who reads; its name is enough.
  img: ({ alt }) => <span className="picture">{alt}</span>,
};

export const plain: Options = { remarkPlugins: [remarkGfm], components, skipHtml: true };

export const Markdown = memo(function Markdown({ text }: { text: string }) {
  const simple = <ReactMarkdown {...plain}>{text}</ReactMarkdown>;
  return <div className="markdown">{RICH.test(text) ? <Suspense fallback={simple}><Rich text={text} /></Suspense> : simple}</div>;
});
