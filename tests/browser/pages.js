/** What people do on the pages beside the chat; each function returns what was seen. */

const WIDTHS = [1280, 390];

/** Pictures of a page at both widths in both lights; returns what axe found and how far it is too wide. */
export async function pictured(visit, folder, name) {
  const { page } = visit;
  const found = { violations: [], overflow: 0 };
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 860 });
    for (const light of ["light", "dark"]) {
      await page.evaluate((theme) => { document.documentElement.dataset.theme = theme; }, light);
      await visit.picture(`${folder}/${name}-${width}-${light}.png`);
      found.violations.push(...(await visit.violations()));
      found.overflow = Math.max(found.overflow, await page.evaluate(() => document.documentElement.scrollWidth - innerWidth));
    }
  }
  await page.setViewportSize({ width: 1280, height: 860 });
  await page.evaluate(() => { delete document.documentElement.dataset.theme; });
  return found;
}

const go = async (page, given, path, title) => {
  await page.goto(`${given.url}/chat/${path}`);
  await page.getByRole("heading", { name: title, level: 1 }).waitFor();
};

const file = (name, text, mimeType = "text/plain") => ({ name, mimeType, buffer: Buffer.from(text) });

export const pages = {
  /** Bring documents, see one refused and one fail, search, switch off and delete. */
  async documents(visit, given) {
    const { page } = visit;
    await go(page, given, "documents", "Documents");
    await page.getByText("No documents yet.").waitFor();
    await page.getByLabel("Choose files").last().setInputFiles([
      file("<img src=x onerror=alert(1)>.txt", `The aviary opens with the word ${given.fact}. <img src=x onerror=alert(1)>`),
      file("notes.pdf", "%PDF-1.7 and then nothing of the kind", "application/pdf"),
    ]);
    await page.getByText("1 passage").waitFor();
    await page.getByText("The file is damaged or incomplete.").waitFor();
    await page.getByLabel("Choose files").last().setInputFiles([file("empty.txt", "")]);
    await page.getByRole("alert").getByText("The submitted file is empty.").waitFor();
    await page.getByRole("button", { name: "Dismiss empty.txt" }).click();
    await page.getByLabel("Search documents").last().fill("What opens the aviary?");
    await page.getByRole("button", { name: "Search documents" }).click();
    const passage = page.locator(".passage").first();
    await passage.locator("summary").click();
    await passage.getByText(`${given.fact}. <img src=x onerror=alert(1)>`).waitFor();
    const inert = await page.evaluate(() => document.querySelectorAll("main img, main script").length);
    const seen = await pictured(visit, given.folder, "documents");
    const use = page.getByRole("switch", { name: /^Use <img/ });
    await use.click();
    await page.waitForFunction(() => [...document.querySelectorAll("[role=switch]")].some((one) => !one.checked));
    await page.reload();
    await use.waitFor();
    const isOn = await use.isChecked();
    await page.getByRole("button", { name: "Delete notes.pdf" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
    await page.getByText("notes.pdf").waitFor({ state: "detached" });
    return { ...seen, inert, isOn, left: await page.locator(".document").count() };
  },

  /** Put a file into a chat, ask about it, and open the passage that the answer names. */
  async citation(visit, given) {
    const { page } = visit;
    await page.getByLabel("Message Threadplane").fill("a draft");
    await visit.bring("drop", ".composer", "aviary.txt", `The password of the aviary is ${given.fact}.`);
    await page.getByRole("list", { name: "Attached files" }).getByText("aviary.txt").waitFor();
    await page.locator(".attachments .icon").first().waitFor();
    const draft = await page.getByLabel("Message Threadplane").inputValue();
    await visit.bring("paste", ".composer textarea", "pasted.txt", "Nothing about birds.");
    await page.getByRole("list", { name: "Attached files" }).getByText("pasted.txt").waitFor();
    await visit.say(given.lookUp);
    await page.getByText("It is known.").waitFor();
    await visit.quiet();
    await page.getByRole("group", { name: "Sources" }).getByRole("button", { name: /aviary\.txt/ }).click();
    await page.getByRole("dialog").getByText(given.fact).waitFor();
    const violations = await visit.violations();
    await visit.picture(`${given.folder}/citation-1280-light.png`);
    return { draft, violations };
  },

  /** Look at sums and calls after a message, and take them along as CSV. */
  async usage(visit, given) {
    const { page } = visit;
    await visit.say(given.greeting);
    await page.getByText("Nice").waitFor();
    await visit.quiet();
    await visit.lastAnswer().getByText(/tokens · \$/).waitFor();
    await page.getByText(given.email).click();
    await page.getByRole("link", { name: "Usage" }).click();
    await page.getByRole("heading", { name: "Usage", level: 1 }).waitFor();
    await page.getByRole("region", { name: "Every call" }).getByRole("row").nth(1).waitFor();
    const limits = await page.locator(".gauge").count();
    const seen = await pictured(visit, given.folder, "usage");
    await page.getByRole("button", { name: "Model" }).click();
    await page.locator(".bars").getByText(given.model).waitFor();
    const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download CSV" }).click()]);
    const stream = await download.createReadStream();
    let csv = "";
    for await (const piece of stream) csv += piece;
    return { ...seen, limits, csv: csv.trim().split("\r\n").map((line) => line.split(",").length) };
  },

  /** Go through the settings. */
  async settings(visit, given) {
    const { page } = visit;
    const seen = { violations: [], overflow: 0 };
    const section = async (name) => {
      await page.getByRole("navigation", { name: "Sections" }).getByRole("link", { name }).click();
      await page.getByRole("region", { name }).waitFor();
    };
    const picture = async (name) => {
      const { violations, overflow } = await pictured(visit, given.folder, `settings-${name}`);
      seen.violations.push(...violations);
      seen.overflow = Math.max(seen.overflow, overflow);
    };
    await go(page, given, "settings", "Settings");
    const temperature = page.getByLabel("Temperature");
    await temperature.fill("7");
    await temperature.press("Enter");
    await page.getByRole("alert").waitFor();
    await page.waitForFunction(() => document.getElementById("default_temperature").value === "");
    await temperature.fill("0.4");
    await temperature.press("Enter");
    await page.locator(".setting", { has: temperature }).getByText("Set by you").waitFor();
    await picture("preferences");
    await section("Tools");
    const calculator = page.getByRole("switch", { name: "Use Calculator" });
    await calculator.click();
    await page.waitForFunction(() => !document.querySelector('[aria-label="Use Calculator"]').checked);
    await picture("tools");
    await section("Prompts");
    await page.getByRole("button", { name: "New prompt" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name", { exact: true }).fill("Greeter");
    await dialog.getByLabel("Instructions").fill("Greet {{who}} <b>kindly</b>.");
    await dialog.getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: "Greeter", exact: true }).click();
    await dialog.getByLabel("who", { exact: true }).fill("Ada");
    await dialog.getByRole("button", { name: "Preview" }).click();
    await dialog.getByText("Greet Ada <b>kindly</b>.").last().waitFor();
    await dialog.getByRole("button", { name: "Close" }).click();
    await picture("prompts");
    await section("Memories");
    await page.getByText("Nothing is remembered.").waitFor();
    await picture("memories");
    await section("API keys");
    await page.getByLabel("Name", { exact: true }).fill("Mine");
    await page.getByLabel("Key", { exact: true }).fill(given.key);
    await page.getByRole("button", { name: "Add key" }).click();
    const keys = page.getByRole("list", { name: "API keys" });
    await keys.getByText("Mine").waitFor();
    seen.isKeyShown = (await page.content()).includes(given.key) || (await page.getByLabel("Key", { exact: true }).inputValue()) !== "";
    await keys.getByLabel("Tokens a day").fill("1000");
    await page.keyboard.press("Tab");
    await picture("keys");
    await page.reload();
    seen.limit = await keys.getByLabel("Tokens a day").inputValue();
    await keys.getByRole("button", { name: "Delete Mine" }).click();
    await keys.getByText("Mine").waitFor({ state: "detached" });
    await section("Access tokens");
    await page.getByLabel("Name", { exact: true }).fill("Laptop");
    await page.getByRole("button", { name: "Create token" }).click();
    await page.getByText("Copy it now").waitFor();
    seen.secret = (await page.locator(".made code").innerText()).length > 20;
    await picture("tokens");
    await page.getByRole("button", { name: "Revoke Laptop" }).click();
    await page.getByRole("list", { name: "Access tokens" }).getByText("Laptop").waitFor({ state: "detached" });
    await section("Account");
    await page.getByRole("button", { name: "Prepare a copy" }).click();
    const link = page.getByRole("link", { name: "Download" });
    await link.waitFor({ timeout: 60_000 });
    const [download] = await Promise.all([page.waitForEvent("download"), link.click()]);
    seen.export = download.suggestedFilename().endsWith(".zip");
    await picture("account");
    await page.getByRole("button", { name: "Delete account" }).click();
    await dialog.getByLabel("Password").fill("not this one");
    await dialog.getByRole("button", { name: "Delete for good" }).click();
    await dialog.getByRole("alert").waitFor();
    await dialog.getByLabel("Password").fill(given.password);
    await dialog.getByRole("button", { name: "Delete for good" }).click();
    await page.getByRole("heading", { name: "Welcome back" }).waitFor();
    return seen;
  },

  /** Sign out everywhere in one browser: another is out as well, as soon as it asks for anything. */
  async everywhere(visit, given) {
    const other = await visit.again();
    await other.signIn(given.email, given.password);
    await visit.page.getByLabel("Message Threadplane").fill("nobody else's business");
    const drafts = () => visit.page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("threadplane.draft.")).length);
    const before = await drafts();
    await go(visit.page, given, "settings/account", "Settings");
    await visit.page.getByRole("button", { name: "Sign out everywhere" }).click();
    await visit.page.getByRole("heading", { name: "Welcome back" }).waitFor();
    const after = await drafts();
    await other.say(given.greeting);
    await other.page.getByRole("heading", { name: "Welcome back" }).waitFor();
    await visit.page.reload();
    await visit.page.getByRole("heading", { name: "Welcome back" }).waitFor();
    const complaints = other.complaints;
    await other.end();
    return { complaints, before, after };
  },

  /** Two tabs of one person: what is said in one is heard in the other while it is said, and stopped there. */
  async tabs(visit, given) {
    const { page } = visit;
    await visit.say(given.greeting);
    await page.getByText("Nice").waitFor();
    await visit.quiet();
    const other = await visit.newPage();
    await other.goto(page.url());
    await other.getByText("Nice").waitFor();
    await visit.say(given.story);
    await other.getByText("word5 ").waitFor();
    const heard = await other.getByText(given.story, { exact: true }).count();
    const dots = await other.getByRole("img", { name: "Answering" }).count();
    await other.getByRole("button", { name: "Stop answering" }).click();
    await visit.quiet();
    await other.getByRole("button", { name: "Send", exact: true }).waitFor();
    const texts = [];
    for (const tab of [page, other]) texts.push(await tab.getByRole("article", { name: "Answer" }).last().innerText());
    await page.getByText(given.email).click();
    await page.getByRole("button", { name: "Sign out" }).click();
    await other.getByRole("heading", { name: "Welcome back" }).waitFor();
    return { heard, dots, isSame: texts[0] === texts[1], isWhole: texts[0].includes("word59") };
  },

  /** A limit that is used up: what it is, when it starts anew, and the message is not lost. */
  async limit(visit, given) {
    const { page } = visit;
    await visit.say(given.greeting);
    await page.getByText("Nice").waitFor();
    await visit.quiet();
    await visit.say(given.calculation);
    const trouble = page.getByRole("alert").getByText(/Your limit is used up/);
    await trouble.waitFor();
    const told = await trouble.innerText();
    const kept = await page.getByText(given.calculation).count();
    const violations = await visit.violations();
    await visit.picture(`${given.folder}/limit-1280-light.png`);
    await page.goto(`${given.url}/chat/usage`);
    await page.getByText("Messages today").waitFor();
    const left = await page.locator(".gauge strong").first().innerText();
    return { told, kept, left, violations };
  },

  /** The Agent Server is away for a while in the middle of an answer, and dies in the next: nothing is lost or said twice. */
  async restart(visit, given) {
    const { page } = visit;
    const banner = page.getByText("A part of the service does not answer.");
    const questions = page.getByRole("article", { name: "You said" });
    await visit.say(given.story);
    await page.getByText("word5 ").waitFor();
    process.kill(given.pid, "SIGSTOP");
    await banner.waitFor();
    const violations = await visit.violations();
    await visit.picture(`${given.folder}/outage-1280-light.png`);
    process.kill(given.pid, "SIGCONT");
    await banner.waitFor({ state: "detached" });
    await visit.lastAnswer().getByText("word59").waitFor();
    await visit.quiet();
    const first = await visit.lastAnswer().locator(".markdown").innerText();
    await visit.say(`Once more, ${given.story}`);
    await questions.nth(1).waitFor();
    await visit.lastAnswer().getByText("word5 ").waitFor();
    visit.isAside = true; // a connection that breaks off is complained of, and rightly so
    process.kill(given.pid, "SIGKILL");
    const trouble = page.getByRole("alert");
    await trouble.waitFor({ timeout: 60_000 });
    const told = await trouble.innerText();
    await trouble.getByRole("button", { name: "Try again" }).click();
    await page.waitForFunction(() => [...document.querySelectorAll(".markdown")].filter((one) => one.textContent.includes("word59")).length === 2, null, { timeout: 120_000 });
    await visit.quiet();
    visit.isAside = false;
    await page.reload();
    await page.getByText("word59").nth(1).waitFor();
    return {
      violations, told, first,
      questions: await questions.count(),
      second: await visit.lastAnswer().locator(".markdown").innerText(),
      troubles: await trouble.count(),
    };
  },

  /** A message sent during an answer waits and may be taken back; a chat left shows that its answer came. */
  async queue(visit, given) {
    const { page } = visit;
    await visit.say(given.story);
    await page.getByText("word5 ").waitFor();
    await visit.say("never mind");
    await visit.say(given.greeting);
    const waiting = page.getByRole("list", { name: "Waiting messages" });
    await waiting.getByText("never mind").waitFor();
    const violations = await visit.violations();
    await waiting.getByRole("button", { name: "Take back" }).first().click();
    const inLine = await waiting.getByRole("listitem").count();
    await page.getByRole("link", { name: "New chat" }).click();
    await page.getByRole("img", { name: "New answer" }).waitFor();
    await page.getByRole("navigation", { name: "Chats" }).getByRole("listitem").getByRole("link").click();
    await page.getByText("Nice").waitFor();
    await visit.quiet();
    await page.getByRole("img", { name: "New answer" }).waitFor({ state: "detached" });
    const row = page.getByRole("navigation", { name: "Chats" }).getByRole("listitem");
    const files = [];
    for (const name of ["Download as Markdown", "Download as JSON"]) {
      await row.getByRole("button", { name: /^Actions for/ }).click();
      const [download] = await Promise.all([page.waitForEvent("download"), row.getByRole("menuitem", { name }).click()]);
      let text = "";
      for await (const piece of await download.createReadStream()) text += piece;
      files.push(text);
    }
    return {
      violations, inLine,
      questions: await page.getByRole("article", { name: "You said" }).count(),
      markdown: files[0].includes(`## You\n\n${given.story}`),
      json: JSON.parse(files[1]).messages.length,
    };
  },

  /** Open a short and a long chat in turn, scroll through the long one, and type while an answer comes. */
  async long(visit, given) {
    const { page } = visit;
    const times = { short: [], long: [] };
    for (let round = 0; round < given.rounds; round += 1)
      for (const which of ["short", "long"]) {
        const began = performance.now();
        await page.goto(`${given.url}/chat/c/${given[which]}`);
        await page.getByText(given[`${which}Last`]).last().waitFor();
        times[which].push(performance.now() - began);
      }
    const blank = await page.evaluate(async () => {
      const scroller = document.querySelector(".scroller");
      const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      const { left, width, top, height } = scroller.getBoundingClientRect();
      let empty = 0;
      let frames = 0;
      let still = 0;
      const hasEarlier = () => scroller.querySelector(".column > .button") !== null;
      while (frames < 3000 && (hasEarlier() || still < 5)) {
        const before = scroller.scrollTop;
        scroller.scrollTop -= 400;
        await frame();
        frames += 1;
        still = scroller.scrollTop === before ? still + 1 : 0;
        const seen = [0.2, 0.5, 0.8].map((share) => document.elementFromPoint(left + width / 2, top + height * share));
        if (!seen.some((element) => element?.closest(".row, .button"))) empty += 1;
      }
      return { empty, frames, isAtStart: scroller.scrollTop < 400 && !hasEarlier() };
    });
    if (!blank.isAtStart) return { times, blank, slowest: 0, typed: "" };
    await page.getByText(given.longFirst).first().waitFor();
    await page.goto(`${given.url}/chat/c/${given.long}`);
    await page.getByText(given.longLast).last().waitFor();
    await visit.say(given.story);
    await page.getByText("word5 ").waitFor();
    await page.evaluate(() => {
      window.slow = [];
      new PerformanceObserver((list) => window.slow.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: "event", durationThreshold: 16 });
    });
    await page.getByLabel("Message Threadplane").pressSequentially("typing while words arrive", { delay: 40 });
    const slowest = await page.evaluate(() => Math.max(0, ...window.slow));
    return { times, blank, slowest, typed: await page.getByLabel("Message Threadplane").inputValue() };
  },
};
