import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";

import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const OUT = "static/webchat";

/** Writes each text file a second and a third time, as the server sends them. */
const compressed: Plugin = {
  name: "compressed",
  apply: "build",
  closeBundle() {
    const names = readdirSync(OUT, { recursive: true }) as string[];
    for (const name of names.filter((name) => /\.(js|css|svg)$/.test(name))) {
      const bytes = readFileSync(join(OUT, name));
      writeFileSync(join(OUT, `${name}.gz`), gzipSync(bytes, { level: 9 }));
      writeFileSync(join(OUT, `${name}.br`), brotliCompressSync(bytes));
    }
  },
};

export default defineConfig({
  base: "/static/webchat/",
  plugins: [react(), compressed],
  resolve: { alias: { "hast-util-from-html-isomorphic": join(import.meta.dirname, "src/chat/parsed-html.ts") } },
  build: {
    outDir: OUT,
    emptyOutDir: true,
    manifest: "manifest.json",
    // The page's policy lets fonts and styles come from files alone.
    assetsInlineLimit: 0,
    rolldownOptions: { input: "src/main.tsx" },
  },
});
