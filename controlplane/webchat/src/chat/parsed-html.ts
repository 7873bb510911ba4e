/** Stands in for the parser of KaTeX's output in browsers, which applies styles as attributes; the policy refuses those. */

export { fromHtml as fromHtmlIsomorphic } from "hast-util-from-html";
