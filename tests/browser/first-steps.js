/** What people do before and around a conversation: an account of their own, its guards, chats in order, prompts, hostile words. */
import { createHmac } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";

const settled = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

/** The newest code that was mailed to an address, out of the logs of a system that prints its mail. */
async function mailed(folder, email, known = []) {
  for (let tries = 0; tries < 100; tries += 1) {
    const mails = readdirSync(folder).flatMap((name) => readFileSync(`${folder}/${name}`, "utf8").split("Content-Type: text/plain"));
    const codes = mails.filter((mail) => mail.includes(`To: ${email}`)).flatMap((mail) => [...mail.matchAll(/^([A-Z0-9]{3,}(?:-[A-Z0-9]+)*)$/gm)].map(([code]) => code));
    const code = codes.findLast((one) => !known.includes(one));
    if (code) return code;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`no mail with a code for ${email}`);
}

/** What an authenticator app shows for a secret. */
function codeOf(secret) {
  const bits = [...secret].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const digest = createHmac("sha1", key).update(counter).digest();
  const at = digest.at(-1) & 15;
  return String((digest.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

export const firstSteps = {
  /** Somebody who was never here makes an account, chats, forgets the password and comes back. */
  async signUp(visit, given) {
    const { page } = visit;
    await page.goto(`${given.url}/chat/`);
    await page.getByRole("heading", { name: "Welcome back" }).waitFor();
    const seen = { violations: await visit.violations() };
    for (const [width, height] of [[1280, 860], [390, 844]])
      for (const light of ["light", "dark"]) {
        await page.setViewportSize({ width, height });
        await page.emulateMedia({ colorScheme: light });
        await visit.picture(`${given.folder}/sign-in-${width}-${light}.png`);
        seen.violations.push(...(await visit.violations()));
      }
    await page.emulateMedia({ colorScheme: "light" });
    await page.setViewportSize({ width: 1280, height: 860 });
    await page.getByRole("button", { name: "Create account" }).click();
    await page.getByLabel("E-mail").fill(given.email);
    await page.getByLabel("Password").fill("123");
    await page.getByRole("button", { name: "Create account" }).click();
    seen.refusal = await page.getByRole("alert").innerText();
    await page.getByLabel("Password").fill(given.password);
    await page.getByRole("button", { name: "Create account" }).click();
    await page.getByRole("heading", { name: "Check your e-mail" }).waitFor();
    await page.getByLabel("Code").fill("WRONG1");
    await page.getByRole("button", { name: "Confirm" }).click();
    await page.getByRole("alert").waitFor();
    const first = await mailed(given.logs, given.email);
    await page.getByLabel("Code").fill(first);
    await page.getByRole("button", { name: "Confirm" }).click();
    await page.getByRole("heading", { name: "What can I help with?" }).waitFor();
    await visit.picture(`${given.folder}/first-visit-1280-light.png`);
    await visit.say(given.greeting);
    await page.getByText("Nice").waitFor();
    await visit.quiet();
    await page.getByText(given.email).click();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("button", { name: "Forgot your password?" }).click();
    await page.getByLabel("E-mail").fill(given.email);
    await page.getByRole("button", { name: "Send code" }).click();
    await page.getByLabel("Code").fill(await mailed(given.logs, given.email, [first]));
    await page.getByLabel("New password").fill(`${given.password} anew`);
    await page.getByRole("button", { name: "Confirm" }).click();
    await page.getByRole("heading", { name: "Welcome back" }).waitFor();
    await visit.signIn(given.email, `${given.password} anew`);
    const chats = page.getByRole("navigation", { name: "Chats" }).getByRole("listitem");
    await chats.first().waitFor();
    seen.chats = await chats.count();
    return seen;
  },

  /** Change the password, set up codes of an app, sign in with one, and turn them off. */
  async security(visit, given) {
    const { page } = visit;
    const changed = `${given.password} changed`;
    await page.goto(`${given.url}/chat/settings/account`);
    const password = page.getByRole("region", { name: "Password", exact: true });
    await password.getByLabel("Current password").fill("not this one");
    await password.getByLabel("New password").fill(changed);
    await password.getByRole("button", { name: "Change password" }).click();
    await password.getByRole("alert").waitFor();
    await password.getByLabel("Current password").fill(given.password);
    await password.getByRole("button", { name: "Change password" }).click();
    await password.getByText("Your password is changed.").waitFor();
    const steps = page.getByRole("region", { name: "Two-step sign-in" });
    await steps.getByRole("button", { name: "Set up two-step sign-in" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.locator(".secret").waitFor();
    const secret = await dialog.locator(".secret").innerText();
    await dialog.getByRole("img", { name: /Picture of the secret/ }).waitFor();
    const violations = await visit.violations();
    await visit.picture(`${given.folder}/two-steps-1280-light.png`);
    await dialog.getByLabel("Code").fill(codeOf(secret));
    await dialog.getByRole("button", { name: "Turn on" }).click();
    await dialog.locator(".codes, [name=password]").first().waitFor();
    const isAskedAgain = await dialog.locator("[name=password]").count();
    if (isAskedAgain) {
      await dialog.getByLabel("Password").fill(changed);
      await dialog.getByRole("button", { name: "Confirm" }).click();
    }
    await dialog.getByText("Each of them signs you in once").waitFor();
    const codes = await dialog.locator(".codes code").allInnerTexts();
    await dialog.getByRole("button", { name: "Close" }).click();
    await page.getByText(given.email).first().click();
    await page.getByRole("button", { name: "Sign out", exact: true }).click();
    await page.getByLabel("E-mail").fill(given.email);
    await page.getByLabel("Password").fill(changed);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByLabel("Code").fill(codes[0]);
    await page.getByRole("button", { name: "Confirm" }).click();
    await page.getByRole("heading", { name: "Password", exact: true }).waitFor();
    await steps.getByRole("button", { name: "Turn off" }).click();
    await dialog.or(steps.getByRole("button", { name: "Set up two-step sign-in" })).first().waitFor();
    if (await dialog.count()) {
      await dialog.getByLabel("Password").fill(changed);
      await dialog.getByRole("button", { name: "Confirm" }).click();
    }
    await steps.getByRole("button", { name: "Set up two-step sign-in" }).waitFor();
    return { violations, codes: codes.length };
  },

  /** Scroll through many chats, tag one, keep to a tag, pick a model, and fill in a prompt. */
  async many(visit, given) {
    const { page } = visit;
    const rows = page.getByRole("navigation", { name: "Chats" }).getByRole("listitem");
    await rows.first().waitFor();
    const atFirst = await rows.count();
    for (let tries = 0; tries < 100 && (await rows.count()) < given.chats; tries += 1) {
      await rows.last().scrollIntoViewIfNeeded();
      await settled(page);
      await page.waitForTimeout(50);
    }
    const titles = await rows.locator("a").allInnerTexts();
    const row = rows.filter({ hasText: "Chat 07" }).first();
    await row.getByRole("button", { name: /^Actions for/ }).click();
    await row.getByRole("menuitem", { name: "Tags" }).click();
    await page.getByLabel("Tags").fill("Travel, <i>work</i>, travel");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "travel", exact: true }).click();
    await page.waitForFunction(() => document.querySelectorAll(".sessions li").length === 1);
    const tags = await rows.first().locator(".tags button").allInnerTexts();
    await visit.picture(`${given.folder}/tags-1280-light.png`);
    await page.getByRole("button", { name: "Show all tags" }).click();
    await rows.nth(5).waitFor();
    await page.getByRole("button", { name: /^Model: / }).click();
    const dialog = page.getByRole("dialog");
    const abilities = await dialog.getByRole("button", { name: new RegExp(given.model) }).first().innerText();
    const violations = await visit.violations();
    await visit.picture(`${given.folder}/models-1280-light.png`);
    await dialog.getByRole("button", { name: new RegExp(given.model) }).first().click();
    await page.getByRole("button", { name: "Use a prompt" }).click();
    await dialog.getByRole("searchbox").fill("tut");
    await dialog.getByRole("button", { name: /^Tutor/ }).click();
    await dialog.getByRole("button", { name: "Use prompt" }).click();
    await dialog.getByLabel("topic").fill("herons");
    violations.push(...(await visit.violations()));
    await visit.picture(`${given.folder}/prompt-1280-light.png`);
    await dialog.getByRole("button", { name: "Use prompt" }).click();
    await page.getByRole("button", { name: "A prompt is in use" }).waitFor();
    await visit.say(given.greeting);
    await page.getByText("Nice").waitFor();
    await visit.quiet();
    await page.getByRole("button", { name: "A prompt is in use" }).click();
    const inUse = await dialog.locator(".in-use blockquote").innerText();
    await dialog.getByRole("button", { name: "Stop using it" }).click();
    await page.getByRole("button", { name: "Use a prompt" }).waitFor();
    return { atFirst, all: new Set(titles).size, tags, abilities, inUse, violations };
  },

  /** The model fails once: what is said stays, and is answered at the second try. */
  async retry(visit, given) {
    const { page } = visit;
    await visit.say(given.failing);
    const trouble = page.getByRole("alert");
    await trouble.getByRole("button", { name: "Try again" }).waitFor();
    const told = await trouble.innerText();
    await trouble.getByRole("button", { name: "Try again" }).click();
    await page.getByText("Now I can.").waitFor();
    await visit.quiet();
    await page.reload();
    await page.getByText("Now I can.").waitFor();
    return { told, questions: await page.getByRole("article", { name: "You said" }).count(), troubles: await trouble.count() };
  },

  /** Words that would be programs, wherever words are shown. */
  async hostile(visit, given) {
    const { page } = visit;
    // A list of documents that was read before the upload and comes after it must not be the last word.
    const sent = page.waitForResponse((response) => response.request().method() === "POST" && response.url().endsWith("/api/v1/documents/"));
    let early = null;
    await page.route(/\/api\/v1\/documents\/\?/, async (route) => {
      if (early) return route.continue();
      early = await route.fetch();
      await sent;
      await new Promise((done) => setTimeout(done, 300));
      // The page may not wait for it any more.
      if (!page.isClosed()) await route.fulfill({ response: early }).catch((error) => { if (!/abort|cancel|handled/i.test(error.message)) throw error; });
    });
    await page.getByLabel("Attach files").last().setInputFiles([
      { name: `${given.hostile.slice(0, 60)}.txt`.replaceAll("/", "_"), mimeType: "text/plain", buffer: Buffer.from(`The aviary ${given.hostile}`) },
    ]);
    await page.getByRole("list", { name: "Attached files" }).locator("li > .icon").waitFor();
    await visit.say(`${given.lookUp} ${given.hostile}`);
    await page.getByText("It is known.").waitFor();
    await visit.quiet();
    await page.locator(".fold summary").first().click();
    await page.locator(".fold pre").last().getByText("[a](javascript:window.ran=5)").waitFor();
    await page.locator(".citations button").first().click();
    await page.getByRole("dialog").locator("blockquote").getByText("[a](javascript:window.ran=5)").waitFor();
    await page.getByRole("dialog").getByRole("button", { name: "Close" }).click();
    const row = page.getByRole("navigation", { name: "Chats" }).getByRole("listitem").first();
    await row.getByRole("button", { name: /^Actions for/ }).click();
    await row.getByRole("menuitem", { name: "Rename" }).click();
    await row.getByLabel("New name").fill(given.hostile.slice(0, 200));
    await page.keyboard.press("Enter");
    await row.locator("a").getByText("onerror").waitFor();
    await page.reload();
    await page.getByText("It is known.").waitFor();
    for (const link of await page.locator("main a").all()) await link.hover();
    await settled(page);
    await visit.picture(`${given.folder}/hostile-1280-light.png`);
    return page.evaluate(() => ({
      ran: window.ran ?? 0,
      handlers: [...document.querySelectorAll("#app *")].filter((one) => [...one.attributes].some(({ name }) => name.startsWith("on"))).length,
      elements: document.querySelectorAll("#app :is(script, iframe, object, embed, style, form[action], main img)").length,
      links: [...document.querySelectorAll("main a")].map((one) => one.protocol).filter((one) => !["http:", "https:", "mailto:"].includes(one)),
      title: document.title.includes("onerror"),
    }));
  },

  /** How much script the first page takes, as it travels. */
  async weight(visit) {
    const { page } = visit;
    await page.goto(`${visit.url}/chat/`, { waitUntil: "networkidle" });
    return page.evaluate(() => {
      const scripts = performance.getEntriesByType("resource").filter(({ name }) => new URL(name).pathname.endsWith(".js"));
      return { scripts: scripts.length, bytes: scripts.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0), whole: scripts.reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0) };
    });
  },
};
