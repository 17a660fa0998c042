// The scripts that stand in other people's pages, in real Chromium, against a small server that keeps what it is sent.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import assert from "node:assert/strict";
const require = createRequire(process.env.BROWSER_PACKAGES + "/package.json");
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
// As the real binary serves them.
const scripts = {};
for (const path of ["/t.js", "/survey.js"]) scripts[path] = await (await fetch(process.env.URL + path)).text();
let got = [], codes = [], answers = [], answerCodes = [];
const listen = (handle) => new Promise((done) => { const s = createServer(handle); s.listen(0, "127.0.0.1", () => done(s)); });
const hermetic = await listen(async (req, res) => {
  const cors = { "access-control-allow-origin": "*" };
  let body = ""; for await (const part of req) body += part;
  if (req.url === "/t") {
    const code = codes.shift() ?? 200;
    if (code === 0) return req.socket.destroy();
    if (code === 200) got.push({ ...JSON.parse(body), method: req.method, type: req.headers["content-type"], size: body.length });
    return res.writeHead(code, cors).end("{}");
  }
  if (req.url.endsWith("/answers")) { const code = answerCodes.shift() ?? 200; if (code === 200) answers.push(JSON.parse(body)); return res.writeHead(code, cors).end("{}"); }
  if (req.url.startsWith("/api/")) return res.writeHead(200, cors).end(JSON.stringify({ kind: req.url.endsWith("/2") ? "csat" : "nps", question: "How likely <b>are</b> you?", follow_up: "Why?", thanks: "Thank you!" }));
  if (!scripts[req.url]) return res.writeHead(404).end();
  res.writeHead(200, { "content-type": "text/javascript" }).end(scripts[req.url]);
});
const H = `http://127.0.0.1:${hermetic.address().port}`;
const site = await listen((req, res) => {
  const url = new URL(req.url, "http://x");
  const attrs = url.searchParams.get("attrs") ?? "";
  const stub = url.searchParams.has("stub") ? `<script>window.hermetic=window.hermetic||function(){(hermetic.q=hermetic.q||[]).push(arguments)};hermetic('did','Early',{n:1})</script>` : "";
  const file = url.searchParams.get("script") ?? "t.js";
  const csp = url.searchParams.has("csp") ? { "content-security-policy": `default-src 'none'; script-src ${H}; connect-src ${H}` } : {};
  res.writeHead(200, { "content-type": "text/html", ...csp }).end(`<!DOCTYPE html><html lang="en"><title>Page ${url.pathname}</title>${stub}<main><h1>Hi</h1><button data-did="Clicked it"><i>go</i></button></main><script defer src="${H}/${file}" data-key="KEY" ${attrs}></script>`);
});
const S = `http://127.0.0.1:${site.address().port}`;
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--headless", "--no-sandbox", "--disable-gpu"] });
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
async function until(test, ms = 9000) { for (let t = 0; t < ms; t += 50) { if (test()) return; await wait(50); } throw new Error(`waited in vain: ${test} ${JSON.stringify(got).slice(0, 900)}`); }
const all = () => got.flatMap((b) => b.e.map((e) => ({ ...e, v: b.v, u: b.u })));
const at = (path, attrs = "", more = "") => `${S}${path}?attrs=${encodeURIComponent(attrs)}${more}`;
let last;
async function fresh(options = {}) { await last?.close(); await wait(100); got = []; codes = []; const context = await browser.newContext(options); last = context; const page = await context.newPage(); page.errors = []; page.on("pageerror", (e) => page.errors.push(e.message)); return page; }
const tests = {
  async "a page view, what waited, and a click come in one batch"() {
    const page = await fresh();
    await page.goto(at("/a", "", "&stub&utm_source=news&token=secret"));
    await page.click("button i");
    await until(() => all().length >= 3);
    assert.equal(got.length, 1);
    const [early, view, click] = all();
    assert.deepEqual([early.t, early.n, early.p], ["did", "Early", { n: 1 }]);
    assert.deepEqual(view.p, { path: "/a", host: S.slice(7), title: "Page /a", utm_source: "news" });
    assert.deepEqual([click.t, click.n], ["did", "Clicked it"]);
    assert.match(got[0].v, /^[0-9a-f]{32}$/); assert.match(view.i, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(got[0].k, "KEY"); assert.match(got[0].type, /^text\/plain/); assert.ok(Math.abs(got[0].s - Date.now()) < 5000);
    assert.ok(!JSON.stringify(got).includes("secret"));
  },
  async "history makes page views once each, and the id lasts"() {
    const page = await fresh();
    await page.goto(at("/a"));
    await page.evaluate(async () => { history.pushState({}, "", "/b?x=1"); await new Promise((d) => setTimeout(d, 20)); history.replaceState({ y: 1 }, ""); history.pushState({}, "", "/b#z"); await new Promise((d) => setTimeout(d, 20)); history.go(-2); await new Promise((d) => setTimeout(d, 50)); });
    await until(() => all().length >= 3);
    assert.deepEqual(all().map((e) => e.p.path), ["/a", "/b", "/a"]);
    await page.goto(at("/c")); await until(() => all().length >= 4);
    assert.equal(all()[3].p.path, "/c");
    await wait(2500); assert.equal(all().length, 4); assert.equal(new Set(all().map((e) => e.v)).size, 1);
    assert.equal(all()[3].p.referrer, undefined, "one's own host is no referrer");
    assert.deepEqual(page.errors, []);
  },
  async "the site that led here is told, without its path"() {
    const page = await fresh();
    await page.goto(`${S.replace("127.0.0.1", "localhost")}/from?attrs=data-manual&secret=1`);
    await page.evaluate((to) => { const a = document.body.appendChild(document.createElement("a")); a.href = to; a.referrerPolicy = "unsafe-url"; a.click(); }, at("/a"));
    await until(() => all().length === 1);
    assert.equal(all()[0].p.referrer, S.replace("127.0.0.1", "localhost"));
  },
  async "hashes count when asked for"() {
    const page = await fresh();
    await page.goto(at("/a", "data-hash"));
    await page.evaluate(() => { location.hash = "#two"; });
    await until(() => all().length >= 2);
    assert.deepEqual(all().map((e) => e.p.path), ["/a", "/a#two"]);
  },
  async "who, reset and traits keep ids apart"() {
    const page = await fresh();
    await page.goto(at("/a", "data-manual"));
    await page.evaluate(() => { hermetic("did", "One"); hermetic("who", 42, { plan: "pro" }); hermetic("who", 42); hermetic("did", "Two"); for (const bad of ["", null, undefined, " ", {}, NaN]) hermetic("who", bad); });
    await until(() => all().length >= 3);
    assert.deepEqual(all().map((e) => [e.t, e.n, e.u, e.tr]), [["did", "One", "", undefined], ["who", "", "42", { plan: "pro" }], ["did", "Two", "42", undefined]]);
    const first = got[0].v; assert.ok(got.every((b) => b.v === first));
    await page.evaluate(() => { hermetic("did", "Three"); hermetic("reset"); hermetic("did", "Four"); });
    await until(() => all().length >= 5);
    const [three, four] = all().slice(3);
    assert.deepEqual([three.v, three.u, four.u], [first, "42", ""]); assert.notEqual(four.v, first);
  },
  async "ten go at once, big ones are split, too big ones are given up"() {
    const page = await fresh();
    await page.goto(at("/a", "data-manual"));
    await page.evaluate(() => { for (let i = 0; i < 10; i += 1) hermetic("did", "Ten"); });
    await until(() => all().length === 10, 1500);
    await page.evaluate(() => { hermetic("did", "Vast", { x: "é".repeat(40_000) }); for (let i = 0; i < 6; i += 1) hermetic("did", "Big", { i, x: "x".repeat(25_000) }); });
    await until(() => all().length === 16);
    assert.ok(got.every((b) => b.size <= 60_000)); assert.ok(!all().some((e) => e.n === "Vast"));
  },
  async "failures are tried again, refusals are not, the queue is bounded"() {
    const page = await fresh();
    codes = [500, 0, 429];
    await page.goto(at("/a", "data-manual"));
    await page.evaluate(() => hermetic("did", "Keep"));
    await wait(3000);
    await page.evaluate(() => { for (let i = 0; i < 250; i += 1) hermetic("did", "Many", { i }); });
    await until(() => all().length >= 200, 60_000); await wait(500);
    assert.equal(all().length, 200); assert.equal(all().at(-1).p.i, 249); assert.equal(new Set(all().map((e) => e.i)).size, 200);
    got = []; codes = [400];
    await page.evaluate(() => hermetic("did", "Refused")); await wait(3000);
    await page.evaluate(() => hermetic("did", "Next")); await until(() => all().length === 1);
    assert.equal(all()[0].n, "Next");
    assert.deepEqual(page.errors, []);
  },
  async "what waits when the page goes is not lost"() {
    const page = await fresh();
    await page.goto(at("/a", "data-manual"));
    await page.evaluate(() => { hermetic("did", "Last"); });
    await page.goto("about:blank");
    await until(() => all().length === 1, 1500);
    assert.match(got[0].type, /^text\/plain/);
  },
  async "without cookies nothing is stored"() {
    const page = await fresh();
    await page.goto(at("/a", "data-cookieless"));
    await page.evaluate(() => hermetic("who", "ann"));
    await until(() => all().length === 2);
    assert.deepEqual(all().map((e) => [e.t, e.v, e.u]), [["page", "", ""], ["who", "", "ann"]]);
    assert.equal(await page.evaluate(() => localStorage.length + document.cookie.length), 0);
  },
  async "whoever asks not to be followed is not, unless identified"() {
    const page = await fresh();
    await page.addInitScript(() => Object.defineProperty(Navigator.prototype, "globalPrivacyControl", { get: () => true }));
    await page.goto(at("/a"));
    await page.evaluate(() => hermetic("did", "Nothing")); await wait(2600);
    assert.equal(all().length, 0); assert.equal(await page.evaluate(() => localStorage.length), 0);
    await page.evaluate(() => { hermetic("who", "ann"); hermetic("did", "Known"); });
    await until(() => all().length === 2); assert.ok(all().every((e) => e.v === "" && e.u === "ann"));
    assert.equal(await page.evaluate(() => localStorage.length), 0);
    got = []; await page.goto(at("/b", `data-respect-dnt="false"`)); await until(() => all().length === 1);
    assert.notEqual(all()[0].v, "");
  },
  async "opting out takes back what waits and lasts; opting in begins anew"() {
    const page = await fresh();
    await page.goto(at("/a", "data-manual"));
    await page.evaluate(() => { hermetic("did", "Waits"); hermetic("optOut"); hermetic("did", "No"); });
    await page.goto(at("/b")); await wait(2500);
    assert.equal(all().length, 0); assert.equal(await page.evaluate(() => localStorage.hermetic), `{"c":"out"}`);
    await page.evaluate(() => { hermetic("optIn"); hermetic("did", "Yes"); });
    await until(() => all().length === 1); assert.equal(all()[0].n, "Yes"); assert.notEqual(all()[0].v, "");
  },
  async "a hostile page sees no error"() {
    const page = await fresh();
    await page.addInitScript(() => { Object.defineProperty(window, "localStorage", { get() { throw new Error("closed"); } }); delete Navigator.prototype.sendBeacon; });
    await page.goto(at("/a", "", "&stub"));
    await page.evaluate(() => { const ring = {}; ring.ring = ring; hermetic("did", "Ring", ring); hermetic("did", "Big", { n: 1n }); hermetic("nonsense"); hermetic(); hermetic("did", 7); hermetic("constructor"); hermetic("toString"); });
    await until(() => all().length === 2); await page.goto("about:blank");
    assert.deepEqual(page.errors, []);
  },
  async "the form asks, takes a score by keys, says when it failed, and thanks"() {
    const page = await fresh(); answers = []; answerCodes = [500];
    await page.addInitScript(() => { try { localStorage.setItem("hermetic", `{"v":"abc"}`); } catch { /* about:blank */ } });
    await page.goto(at("/s", `data-survey="1" data-user="ann"`, "&script=survey.js&csp"));
    await page.getByRole("radio", { name: "9", exact: true }).waitFor();
    assert.equal(await page.getByRole("group", { name: "How likely <b>are</b> you?" }).count(), 1);
    assert.equal(await page.getByRole("radio").count(), 11);
    assert.equal(await page.getByRole("button", { name: "Send" }).count(), 0);
    await page.getByRole("radio", { name: "7", exact: true }).focus(); await page.keyboard.press("Space"); await page.keyboard.press("ArrowRight"); await page.keyboard.press("ArrowRight");
    assert.equal(await page.locator("section").evaluate((e) => getComputedStyle(e).position), "fixed", "dressed in spite of the page's policy");
    await page.getByLabel("Why?").fill("Because");
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByText("That did not arrive").waitFor();
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByRole("status").getByText("Thank you!").waitFor();
    assert.deepEqual(answers, [{ survey: "1", k: "KEY", score: 9, comment: "Because", u: "ann", v: "abc" }]);
    await page.reload(); await wait(400); assert.equal(await page.getByRole("radio").count(), 0);
    assert.deepEqual(page.errors, []);
  },
  async "the form can be dismissed for good, light, dark and on a phone"() {
    for (const colorScheme of ["light", "dark"]) {
      const page = await fresh({ colorScheme, viewport: { width: 340, height: 700 } });
      await page.goto(at("/s", `data-survey="2"`, "&script=survey.js"));
      await page.getByRole("radio", { name: "5" }).check(); assert.equal(await page.getByRole("radio").count(), 5);
      await page.evaluate(axe); const found = await page.evaluate(() => axe.run(document, { rules: { region: { enabled: false } } }));
      assert.deepEqual(found.violations.map((v) => [v.id, v.nodes.map((n) => n.html)]), []);
      await page.screenshot({ path: `${process.env.PICTURES}/survey-${colorScheme}.png` });
      await page.keyboard.press("Escape"); assert.equal(await page.getByRole("radio").count(), 0);
      await page.reload(); await wait(400); assert.equal(await page.getByRole("radio").count(), 0);
    }
  },
};
let failed = 0;
for (const [name, test] of Object.entries(tests)) {
  if (process.argv[2] && !name.includes(process.argv[2])) continue;
  try { await test(); console.log("ok", name); } catch (error) { failed += 1; console.log("FAILED", name, "\n", error.stack?.split("\n").slice(0, 14).join("\n")); }
}
await browser.close(); hermetic.close(); site.close(); process.exit(failed ? 1 : 0);
