/** The frame of every page and the list of them. A page that is not needed at first is loaded when it is asked for. */

import { QueryClientProvider } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { BrowserRouter, Navigate, Outlet, Route, Routes, useLocation } from "react-router";

import { queryClient } from "./api/queries";
import { usePreferences } from "./api/settings";
import { IconButton } from "./components/icon-button";
import { OutageBanner } from "./components/outage-banner";
import { suggestLanguage } from "./i18n";
import { Chat } from "./pages/chat";
import { NewChat } from "./pages/new-chat";
import { Sidebar } from "./sessions/sidebar";
import { SignedIn } from "./signed-in";
import { suggestTheme } from "./theme";

const Documents = lazy(() => import("./pages/documents"));
const Settings = lazy(() => import("./pages/settings"));
const Usage = lazy(() => import("./pages/usage"));

function Frame() {
  const { t } = useTranslation();
  const [isOpen, setOpen] = useState(false);
  const { pathname } = useLocation();
  useEffect(() => setOpen(false), [pathname]);
  const { theme, language } = usePreferences().data ?? {};
  useEffect(() => { if (theme) suggestTheme(theme); }, [theme]);
  useEffect(() => { if (language) void suggestLanguage(language); }, [language]);
  return (
    <div className="frame">
      <Sidebar isOpen={isOpen} onClose={() => setOpen(false)} />
      {isOpen && <div className="veil" onClick={() => setOpen(false)} />}
      <IconButton icon="menu" label={t("sessions.open")} className="only-narrow opener" onClick={() => setOpen(true)} />
      <OutageBanner />
      <Suspense fallback={<main className="page" aria-busy="true" />}><Outlet /></Suspense>
    </div>
  );
}

export const App = () => (
  <QueryClientProvider client={queryClient}>
    <SignedIn>
      <BrowserRouter basename="/chat">
        <Routes>
          <Route element={<Frame />}>
            <Route index element={<NewChat />} />
            <Route path="c/:sessionId" element={<Chat />} />
            <Route path="documents" element={<Documents />} />
            <Route path="settings/:section?" element={<Settings />} />
            <Route path="usage" element={<Usage />} />
            <Route path="*" element={<Navigate to="/" replace />} />
          </Route>
        </Routes>
      </BrowserRouter>
    </SignedIn>
  </QueryClientProvider>
);
