/** Starts the app in its page. */

import "./styles/tokens.css";
import "./styles/controls.css";
import "./styles/frame.css";
import "./styles/chat.css";

import { createRoot } from "react-dom/client";

import { App } from "./app";
import { startLanguages } from "./i18n";
import { showTheme } from "./theme";

showTheme();
await startLanguages();
createRoot(document.getElementById("app")!).render(<App />);
