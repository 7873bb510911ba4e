/** Markdown with coloured code and mathematics: too heavy for the first load. */

import "katex/dist/katex.min.css";

import ReactMarkdown from "react-markdown";
import rehypeHighlight from "rehype-highlight";
import rehypeKatex from "rehype-katex";
import remarkMath from "remark-math";

import { plain } from "./markdown";

export default function RichMarkdown({ text }: { text: string }) {
  return (
    <ReactMarkdown
      {...plain}
      remarkPlugins={[...plain.remarkPlugins!, remarkMath]}
      rehypePlugins={[rehypeHighlight, [rehypeKatex, { throwOnError: false, trust: false, maxExpand: 200 }]]}
    >
      {text}
    </ReactMarkdown>
  );
}
