// Visits six pages of a site, some seconds each, as a visitor who reads a little and clicks on; later breaks the last one.
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.BROWSER_PACKAGES, "package.json"));
const { chromium } = require("playwright-core");
const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];
const DWELL = 2_500;
/** Long enough after the start that half a minute before the error is no longer the start. */
const ERROR_AFTER = 34_000;

const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS });
try {
  const page = await browser.newPage();
  const codes = [];
  page.on("response", (response) => response.url().includes("/envelope/") && codes.push(response.status()));
  const began = Date.now();
  await page.goto(`${process.env.PAGE}1.html`);
  for (let number = 1; number <= 6; number += 1) {
    await page.mouse.move(40 + number * 20, 60);
    await page.waitForTimeout(DWELL / 2);
    await page.mouse.move(200, 90 + number * 10, { steps: 4 });
    await page.waitForTimeout(DWELL / 2);
    if (number < 6) await Promise.all([page.waitForURL(`**/${number + 1}.html`), page.click("a")]);
  }
  while (Date.now() - began < ERROR_AFTER) {
    await page.mouse.move(100 + Math.random() * 200, 100);
    await page.waitForTimeout(500);
  }
  await page.click("button");
  await page.waitForTimeout(4_000);
  const refused = codes.filter((code) => code !== 200);
  if (codes.length === 0 || refused.length > 0) throw new Error(`the door answered ${JSON.stringify(codes)}`);
} finally {
  await browser.close();
}
