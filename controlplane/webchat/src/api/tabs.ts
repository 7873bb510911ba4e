/** What the tabs of one browser tell each other: that an answer began, and that somebody signed out. */

export type News = { kind: "turn"; sessionId: string; runId: string; sent?: string; hidesFrom?: string } | { kind: "signed-out" };

const channel = new BroadcastChannel("threadplane");

export const tellTabs = (news: News): void => channel.postMessage(news);

export function hearTabs(listen: (news: News) => void): () => void {
  const heard = ({ data }: MessageEvent<News>) => listen(data);
  channel.addEventListener("message", heard);
  return () => channel.removeEventListener("message", heard);
}
