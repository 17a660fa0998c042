// Opens the page in Chromium, clicks, and waits until the SDK has sent what it has.
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.BROWSER_PACKAGES, "package.json"));
const { chromium } = require("playwright-core");
const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS });
try {
  const page = await browser.newPage();
  const sent = [];
  page.on("response", (response) => {
    if (response.url().includes("/envelope/")) sent.push({ code: response.status(), body: response.request().postData() ?? "" });
  });
  const until = async (what, holds) => {
    for (let tries = 0; tries < 200; tries += 1) {
      if (holds()) return;
      await page.waitForTimeout(50);
    }
    throw new Error(`the SDK has not sent ${what}: ${JSON.stringify(sent.map((one) => [one.code, one.body.slice(0, 200)]))}`);
  };
  await page.goto(process.env.PAGE);
  await page.click("button");
  await until("the error", () => sent.some((one) => one.body.includes("the cart is empty")));
  await until("the page load", () => sent.some((one) => one.body.includes('"type":"span"')));
  const refused = sent.filter((one) => one.code !== 200);
  if (refused.length > 0) throw new Error(`refused: ${JSON.stringify(refused)}`);
} finally {
  await browser.close();
}
