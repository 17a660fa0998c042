// What every browser script shares: Chromium, the steps of a person, axe-core, pictures, and THE TABLE of addresses and
// names the product gives its pages and fields. When a page moves, the table is the only thing to change.
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.BROWSER_PACKAGES, "package.json"));
const { chromium } = require("playwright-core");
const axeSource = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export const at = {
  home: "/console",
  signIn: "/sign-in",
  twoFactor: "/console/profile/second-factor",
  mailSettings: "/console/settings",
  newMonitor: "/uptime/new?kind=http",
  newReport: "/status/edit/reports/new",
  statusPage: "/status",
  subscribe: "/status/subscribe",
};
export const person = { name: "Olive Owner", email: "owner@example.com", password: "correct horse battery staple" };
export const base = process.env.URL.replace(/\/$/, "");

const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

/** Starts Chromium, runs the script, closes; a failure leaves a picture of the last page. */
export async function run(name, script) {
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS });
  const open = [];
  const newPage = async (options = {}) => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    context.setDefaultTimeout(15_000);
    const page = await context.newPage();
    page.on("pageerror", (error) => { throw new Error(`script error on ${page.url()}: ${error.message}`); });
    open.push(page);
    return page;
  };
  try {
    await script(newPage);
    console.log(`${name}: ok`);
  } catch (error) {
    for (const [index, page] of open.entries()) await picture(page, `failed-${name}-${index}`).catch(() => {});
    console.error(`${name}: ${error.stack ?? error}`);
    for (const page of open) console.error(`was at ${page.url()}: ${(await page.innerText("body").catch(() => "")).slice(0, 1500)}`);
    process.exitCode = 1;
  } finally {
    await browser.close();
  }
}

export async function picture(page, name) {
  await page.screenshot({ path: join(process.env.PICTURES, `${name}.png`), fullPage: true });
}

export function check(condition, sentence) {
  if (!condition) throw new Error(sentence);
}

export async function goto(page, path) {
  const answer = await page.goto(path.startsWith("http") ? path : base + path);
  check(answer === null || answer.status() < 400, `${path} answered ${answer?.status()}`);
}

/** Fills the fields of the form that has the first of them, and sends it with its own first button, or the one named. */
export async function submit(page, fields, button = "button[type=submit], button:not([type]), input[type=submit]") {
  const first = Object.keys(fields)[0];
  const form = page.locator("form", { has: page.locator(`[name="${first}"]`) }).first();
  for (const [name, value] of Object.entries(fields)) await fill(form, name, value);
  await Promise.all([page.waitForLoadState("load"), form.locator(button).first().click()]);
  await page.waitForLoadState("load");
}

async function fill(form, name, value) {
  const field = form.locator(`[name="${name}"]`).first();
  const kind = await field.evaluate((element) => (element.tagName === "SELECT" ? "select" : element.type));
  if (kind === "select") await field.selectOption(value);
  else if (kind === "radio") await form.locator(`[name="${name}"][value="${value}"]`).check();
  else if (kind === "checkbox") await field.setChecked(value !== false);
  else await field.fill(value);
}

/** Asks again and again until there is an answer. */
export async function eventually(what, seconds, ask) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`waited ${seconds} s in vain: ${what}`);
    await new Promise((done) => setTimeout(done, 300));
  }
}

/** The six digits of an authenticator app. */
export function totp(secret, now = Date.now()) {
  let bits = "";
  for (const letter of secret.replace(/[\s=-]/g, "").toUpperCase()) bits += "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(now / 30_000)));
  const digest = createHmac("sha1", key).update(step).digest();
  const offset = digest.at(-1) & 15;
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

export async function signIn(page, { email, password, secret }) {
  await goto(page, at.signIn);
  await submit(page, { email, password });
  if (secret) await submit(page, { code: totp(secret) });
  check(!page.url().includes(at.signIn), `still at ${page.url()} after signing in`);
}

/** First owner; comes back signed in. */
export async function setUp(page) {
  await page.goto(process.env.SETUP_URL);
  await submit(page, person);
  check(!page.url().includes("set-up?"), "the set-up form came back");
}

const WANTED = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** What axe-core calls serious or critical on this page, a sentence each. */
export async function faults(page) {
  await page.evaluate(axeSource);
  const found = await page.evaluate(async (tags) => {
    const result = await globalThis.axe.run(document, { runOnly: { type: "tag", values: tags } });
    return result.violations.map(({ id, impact, help, nodes }) => ({ id, impact, help, where: nodes.slice(0, 3).map((node) => `${node.target.join(" ")} ${node.failureSummary ?? ""}`) }));
  }, WANTED);
  return found.filter(({ impact }) => impact === "serious" || impact === "critical").map(({ id, impact, help, where }) => `${impact} ${id}: ${help}\n      ${where.join("\n      ").replace(/\n\s*\n/g, "\n")}`);
}

/** The shape of an address: the same page with another number is not walked again. */
export function shape(address) {
  const url = new URL(address);
  return url.pathname.replace(/\/\d+(?=\/|$)/g, "/#").replace(/\/[A-Za-z0-9_-]{20,}(?=\/|$)/g, "/*").replace(/\d{4}-\d{2}/g, "#-#");
}

const NOT_A_PAGE = /\.(atom|csv|rss|json|ics|svg|xml|txt|css|js|png|ico)$|sign-out|^\/live$|\/metrics$|\/api\/|\/attachments\/|\/export$|\/download$/;

/** Every page that can be reached from `starts` by links; `visit(page, shape)` looks at each once. */
export async function walk(page, starts, visit) {
  const waiting = starts.map((path) => new URL(path, base).href);
  const seen = new Set();
  while (waiting.length > 0 && seen.size < 200) {
    const address = waiting.shift();
    const kind = shape(address);
    if (seen.has(kind)) continue;
    seen.add(kind);
    const answer = await page.goto(address);
    if (!(answer?.headers()["content-type"] ?? "").startsWith("text/html")) continue;
    check(answer.status() < 400, `${address} is linked and answers ${answer.status()}`);
    await visit(page, kind);
    const links = await page.locator("a[href]").evaluateAll((all) => all.filter((link) => !link.hasAttribute("download")).map((link) => link.href));
    for (const link of links) {
      if (link.startsWith(base) && !NOT_A_PAGE.test(new URL(link).pathname)) waiting.push(link.split("#")[0]);
    }
  }
  return seen;
}
