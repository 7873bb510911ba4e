/** What people do in the web chat, each as one function that returns what was seen; run by name, told in JSON. */
import { firstSteps } from "./first-steps.js";
import { pages } from "./pages.js";
import { Visit } from "./visit.js";

const given = JSON.parse(process.argv[2]);

const reload = async (page) => {
  const before = await page.getByRole("article", { name: "Answer" }).last().innerText();
  await page.reload();
  return before;
};

const journeys = {
  async conversation(visit) {
    const { page } = visit;
    await visit.say(given.greeting);
    await page.getByText("Nice").waitFor();
    await visit.quiet();
    const answer = visit.lastAnswer();
    const inert = await page.evaluate(() => ({
      pictures: document.querySelectorAll(".markdown img").length,
      links: [...document.querySelectorAll(".markdown a")].map((link) => link.getAttribute("href")),
    }));
    await answer.getByText(/tokens · \$/).waitFor();
    const violations = await visit.violations();
    await page.getByText(given.greeting).hover();
    await page.getByRole("button", { name: "Edit message" }).click();
    await page.getByRole("textbox", { name: "Edit message" }).fill(given.calculation);
    await page.getByRole("button", { name: "Send", exact: true }).first().click();
    await page.getByText("It is 42.").waitFor();
    await visit.quiet();
    await page.getByText("Used calculator").waitFor();
    await page.getByRole("button", { name: "Previous version" }).click();
    await page.getByText("Nice").waitFor();
    await page.getByRole("button", { name: "Back to the newest" }).click();
    await page.getByText("It is 42.").waitFor();
    await page.getByRole("button", { name: "Good answer" }).last().click();
    await page.getByRole("button", { name: "Good answer", pressed: true }).waitFor();
    return { inert, violations };
  },

  async reload(visit) {
    const { page } = visit;
    await visit.say(given.story);
    await page.getByText("word5 ").waitFor();
    const before = await reload(page);
    await page.getByRole("button", { name: "Stop answering" }).waitFor();
    await visit.quiet();
    return { wasPartial: !before.includes("word59"), text: await visit.lastAnswer().locator(".markdown").innerText() };
  },

  async stop(visit) {
    await visit.say(given.story);
    await visit.page.getByText("word5 ").waitFor();
    await visit.page.getByRole("button", { name: "Stop answering" }).click();
    await visit.quiet();
    return { troubles: await visit.page.getByRole("alert").count() };
  },

  async approval(visit) {
    const { page } = visit;
    await visit.say(given.calculation);
    const question = page.getByRole("region", { name: "May calculator run?" });
    await question.waitFor();
    const violations = await visit.violations();
    await visit.picture(`${given.folder}/approval-1280-light.png`);
    await question.getByRole("button", { name: "Edit arguments" }).click();
    await question.getByRole("textbox", { name: "Arguments" }).fill('{"expression": "6 * 8"}');
    await question.getByRole("button", { name: "Approve" }).click();
    await page.getByText("It is 42.").waitFor();
    await page.getByText("Used calculator").click();
    return { violations, result: await page.locator(".fold pre").nth(1).innerText(), left: await question.count() };
  },

  async list(visit) {
    const { page } = visit;
    await visit.say(given.greeting);
    await page.getByText("Nice").waitFor();
    await visit.quiet();
    const row = page.getByRole("navigation", { name: "Chats" }).getByRole("listitem");
    const choose = async (name) => {
      await row.getByRole("button", { name: /^Actions for/ }).click();
      await row.getByRole("menuitem", { name, exact: true }).click();
    };
    await choose("Rename");
    await row.getByLabel("New name").fill("<b>Holidays</b>");
    await page.keyboard.press("Enter");
    await row.getByText("<b>Holidays</b>").waitFor();
    await choose("Pin");
    await row.locator("a svg").waitFor();
    await page.getByLabel("Search chats").fill("nothing like it");
    await page.getByText("Nothing found for").waitFor();
    await page.getByLabel("Search chats").fill("holi");
    await row.waitFor();
    await page.getByLabel("Search chats").fill("");
    await choose("Archive");
    await page.getByText("No chats yet.").waitFor();
    await page.getByRole("button", { name: "Archived" }).click();
    await choose("Restore");
    await page.getByRole("button", { name: "Chats", exact: true }).click();
    await row.waitFor();
    await page.getByText(given.email).click();
    await page.getByLabel("Language").selectOption("de");
    await page.getByRole("link", { name: "Neuer Chat" }).waitFor();
    return { title: await row.locator("a").innerText() };
  },

  async signOut(visit) {
    const { page } = visit;
    await page.getByText(given.email).click();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Welcome back" }).waitFor();
    await page.getByLabel("E-mail").fill(given.email);
    await page.getByLabel("Password").fill("not this one");
    await page.getByRole("button", { name: "Sign in" }).click();
    return { refusal: await page.getByRole("alert").innerText(), violations: await visit.violations() };
  },

  /** Pictures of the pages at both widths in both lights, with what axe finds in each. */
  async pictures(visit) {
    const { page } = visit;
    await visit.say(given.greeting);
    await page.getByText("Nice").waitFor();
    await visit.quiet();
    const violations = [];
    for (const [width, height] of [[1280, 860], [390, 844]])
      for (const colorScheme of ["light", "dark"]) {
        await page.setViewportSize({ width, height });
        await page.emulateMedia({ colorScheme });
        violations.push(...(await visit.violations()));
        await visit.picture(`${given.folder}/chat-${width}-${colorScheme}.png`);
      }
    await page.getByRole("button", { name: "Show chats" }).click();
    await visit.picture(`${given.folder}/chats-390-dark.png`);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    return { violations, overflow };
  },
};

const visit = await Visit.begin(given);
try {
  if (!given.isNew) await visit.signIn(given.email, given.password);
  const journey = { ...journeys, ...pages, ...firstSteps }[given.journey];
  const seen = await journey(visit, given);
  console.log(JSON.stringify({ seen, complaints: visit.complaints, origins: [...visit.origins] }));
} catch (error) {
  await visit.picture(`${given.folder}/failed-${given.journey}.png`).catch(() => undefined);
  console.error(await visit.page.locator("body").innerText().catch(() => ""));
  throw error;
} finally {
  await visit.end();
}
