/** The chat page behind the proxy: signs in, sends a message, takes pictures, and tells what was seen. */
import { chromium } from "playwright-core";

const given = JSON.parse(process.argv[2]);
const complaints = [];
const pictures = [];
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
// The proxy's own authority is not one that browsers know.
const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 860 }, locale: "en-US" });
const page = await context.newPage();
page.setDefaultTimeout(60_000);
// Taking a picture styles the page from outside, which its policy complains of and rightly so.
let isAside = false;
page.on("console", (message) => !isAside && message.type() === "error" && !/Failed to load resource/.test(message.text()) && complaints.push(message.text()));
page.on("pageerror", (error) => complaints.push(String(error)));
const keep = async (name) => {
  isAside = true;
  await page.screenshot({ path: `${given.folder}/${name}.png` });
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  isAside = false;
  pictures.push(name);
};

await page.goto(`${given.url}/chat/`);
await page.getByLabel("E-mail").fill(given.email);
await page.getByLabel("Password").fill(given.password);
await keep("sign-in");
await page.getByRole("button", { name: "Sign in" }).click();
await page.getByRole("heading", { name: "What can I help with?" }).waitFor();
await page.getByLabel("Message Threadplane").fill(given.message);
await page.keyboard.press("Enter");
const answered = page.getByRole("article", { name: "Answer" }).last();
await answered.waitFor();
await page.getByRole("button", { name: "Send", exact: true }).waitFor();
const answer = await answered.innerText();
await keep("chat");
await browser.close();
process.stdout.write(`${JSON.stringify({ complaints, pictures, answer })}\n`);
