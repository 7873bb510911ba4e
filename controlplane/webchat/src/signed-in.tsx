/** Whether somebody is signed in; what belongs to them is dropped when they are not any more. */

import { createContext, useContext, useEffect, useState, type ReactNode } from "react";

import { currentStep, signOut } from "./api/accounts";
import { forgetToken } from "./api/agent";
import { queryClient } from "./api/queries";
import { signedOut } from "./api/rest";
import { hearTabs, tellTabs } from "./api/tabs";
import { Trouble } from "./components/trouble";
import { SignIn } from "./pages/sign-in";

const SignOut = createContext<() => Promise<void>>(async () => undefined);

export const useSignOut = () => useContext(SignOut);

/** Leave nothing of who was here, drafts included. */
export function forgetEverything(): void {
  forgetToken();
  queryClient.clear();
  Object.keys(localStorage).filter((key) => key.startsWith("threadplane.draft.")).forEach((key) => localStorage.removeItem(key));
}

export function SignedIn({ children }: { children: ReactNode }) {
  const [state, setState] = useState<"asking" | "in" | "out" | { error: unknown }>("asking");
  const ask = () => void currentStep().then((step) => setState(step === "done" ? "in" : "out"), (error: unknown) => setState({ error }));
  useEffect(ask, []);
  useEffect(() => {
    const leave = () => { forgetToken(); queryClient.clear(); setState("out"); };
    signedOut.addEventListener("signed-out", leave);
    const deaf = hearTabs((news) => { if (news.kind === "signed-out") { forgetEverything(); setState("out"); } });
    return () => { signedOut.removeEventListener("signed-out", leave); deaf(); };
  }, []);
  if (state === "asking") return null;
  if (typeof state === "object") return <Trouble error={state.error} onRetry={ask} />;
  if (state === "out") return <SignIn onDone={() => setState("in")} />;
  const leave = async () => {
    await signOut();
    tellTabs({ kind: "signed-out" });
    forgetEverything();
    setState("out");
  };
  return <SignOut value={leave}>{children}</SignOut>;
}
