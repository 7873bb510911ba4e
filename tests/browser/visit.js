/** A visit of the web chat in Chromium that remembers everything that browsers complain about. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { chromium } from "playwright-core";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

export class Visit {
  complaints = [];
  isAside = false;
  origins = new Set();

  static async begin({ url, width = 1280, height = 860, dark = false }) {
    const visit = new Visit();
    visit.url = url;
    visit.browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
    visit.context = await visit.browser.newContext({
      viewport: { width, height }, locale: "en-US", colorScheme: dark ? "dark" : "light", reducedMotion: "reduce",
    });
    await visit.context.grantPermissions(["clipboard-read", "clipboard-write"]);
    visit.page = await visit.newPage();
    return visit;
  }

  /** The same person in a browser of its own, who shares nothing with this one. */
  again() {
    return Visit.begin({ url: this.url });
  }

  async newPage() {
    const page = await this.context.newPage();
    page.setDefaultTimeout(20_000);
    page.on("console", (message) => {
      // A browser reports each refused request as well; those are checked by what the page says of them.
      if (this.isAside) return;
      if (message.type() === "error" && !/Failed to load resource/.test(message.text())) this.complaints.push(message.text());
    });
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    page.on("request", (request) => {
      if (/^https?:/.test(request.url())) this.origins.add(new URL(request.url()).origin);
    });
    return page;
  }

  async signIn(email, password) {
    await this.page.goto(`${this.url}/chat/`);
    await this.page.getByLabel("E-mail").fill(email);
    await this.page.getByLabel("Password").fill(password);
    await this.page.getByRole("button", { name: "Sign in" }).click();
    await this.page.getByRole("heading", { name: "What can I help with?" }).waitFor();
  }

  async say(text) {
    await this.page.getByLabel("Message Threadplane").fill(text);
    await this.page.keyboard.press("Enter");
  }

  /** Drop or paste a file where somebody's hand would. */
  bring(kind, place, name, text) {
    return this.page.locator(place).evaluate((element, [kind, name, text]) => {
      const files = new DataTransfer();
      files.items.add(new File([text], name, { type: "text/plain" }));
      const given = { bubbles: true, cancelable: true };
      element.dispatchEvent(kind === "paste" ? new ClipboardEvent(kind, { ...given, clipboardData: files }) : new DragEvent(kind, { ...given, dataTransfer: files }));
    }, [kind, name, text]);
  }

  /** Wait until no answer is under way. */
  async quiet() {
    await this.page.getByRole("button", { name: "Send", exact: true }).waitFor();
  }

  lastAnswer() {
    return this.page.getByRole("article", { name: "Answer" }).last();
  }

  /** Do what styles the page from outside, which its policy complains of and rightly so. */
  async aside(deed) {
    this.isAside = true;
    const result = await deed();
    // What was complained of arrives behind the answer to this.
    await this.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    this.isAside = false;
    return result;
  }

  picture(path) {
    return this.aside(() => this.page.screenshot({ path }));
  }

  /** The serious violations that axe finds, by rule and place. */
  async violations() {
    // Through the debugger, which a page's policy does not bind.
    const session = await this.context.newCDPSession(this.page);
    await session.send("Runtime.evaluate", { expression: readFileSync(AXE, "utf8") });
    const { result } = await this.aside(() => session.send("Runtime.evaluate", {
      expression: "axe.run().then((found) => JSON.stringify(found.violations))", awaitPromise: true,
    }));
    return JSON.parse(result.value)
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 160)} ${nodes[0].any?.[0]?.message ?? ""}`);
  }

  end() {
    return this.browser.close();
  }
}
