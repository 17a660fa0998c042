// Recordings in the player: what real visitors' browsers sent plays to its end; what an attacker sends runs nothing and calls nobody;
// the page around the player follows it. PART says which of these; RECORDINGS is the folder of recorded requests, KEY the project's key.
import { readFileSync, readdirSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { base, check, eventually, faults, goto, picture, run, setUp, submit } from "./lib.mjs";

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src data: blob: 'self'; font-src data: 'self'; " +
  "connect-src 'self'; frame-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
const folder = process.env.RECORDINGS;
const start = 1_790_000_000_000;

/** Sends what was recorded, as it was; gives the SDK's id of the replay. */
async function sendRecorded(name) {
  const bodies = readdirSync(join(folder, name)).filter((file) => file.endsWith(".body")).sort();
  let id;
  for (const file of bodies) {
    const body = readFileSync(join(folder, name, file));
    const text = body.toString("latin1");
    if (text.includes('"type":"replay_recording"')) id = JSON.parse(text.slice(0, text.indexOf("\n"))).event_id;
    await send(body);
  }
  check(id, `${name} holds no recording`);
  return id;
}

async function send(body) {
  const address = `${base}/api/1/envelope/?sentry_version=7&sentry_key=${process.env.KEY}&sentry_client=sentry.javascript.browser%2F11.12.0`;
  const answer = await fetch(address, { method: "POST", body });
  check(answer.status === 200, `the door answered ${answer.status}: ${await answer.text()}`);
}

let made = 0;

/** A replay of these events; each list is a segment. Gives the SDK's id, with which more of it can be sent: all but what was `sent`. */
async function sendMade(segments, person = "mallory@example.com", id = (made += 1).toString(16).padStart(32, "c"), sent = 0) {
  const seconds = (ms) => ms / 1000;
  for (const [number, events] of segments.entries()) {
    if (number < sent) continue;
    const last = events.at(-1).timestamp;
    const report = {
      type: "replay_event", replay_id: id, event_id: id, segment_id: number, replay_type: "session", platform: "javascript",
      replay_start_timestamp: seconds(segments[0][0].timestamp), timestamp: seconds(last), urls: ["https://shop.example/"], user: { email: person },
    };
    const recording = `{"segment_id":${number}}\n${JSON.stringify(events)}`;
    const lines = [{ event_id: id }, { type: "replay_event" }, report, { type: "replay_recording", length: Buffer.byteLength(recording) }];
    await send(`${lines.map((line) => JSON.stringify(line)).join("\n")}\n${recording}\n`);
  }
  return id;
}

/** The address of the replay's page, once all of it is there. */
async function address(page, sdkId, segments) {
  return eventually(`replay ${sdkId}`, 30, async () => {
    const answer = await page.request.get(`${base}/replay/by/${sdkId}`, { maxRedirects: 0 });
    const path = answer.headers().location;
    if (!path) return undefined;
    if (segments === undefined) return path;
    const timeline = await (await page.request.get(`${base}${path}/timeline.json`)).json();
    return timeline.segments >= segments ? path : undefined;
  });
}

/** Opens a player and notes what it complains of and whom it calls. */
async function openPlayer(page, path) {
  const seen = { complaints: [], calls: [] };
  page.on("console", (message) => message.type() === "error" && seen.complaints.push(message.text()));
  page.on("request", (request) => !request.url().startsWith(base) && !/^(data|blob):/.test(request.url()) && seen.calls.push(request.url()));
  page.on("dialog", (dialog) => (seen.complaints.push(`dialog: ${dialog.message()}`), dialog.dismiss()));
  const answer = await page.goto(base + path);
  const headers = answer.headers();
  check(headers["content-security-policy"] === POLICY, `the policy of ${path} is ${headers["content-security-policy"]}`);
  check(headers["x-frame-options"] === "SAMEORIGIN", `X-Frame-Options of ${path} is ${headers["x-frame-options"]}`);
  await page.waitForFunction(() => document.documentElement.dataset.state, null, { timeout: 15_000 });
  const said = await page.textContent("#said");
  check((await page.evaluate(() => document.documentElement.dataset.state)) === "ready" && said === "", `${path} says: ${said}`);
  const sandbox = await page.evaluate(() => [...document.querySelectorAll("iframe")].map((frame) => frame.getAttribute("sandbox")));
  check(sandbox.length === 1 && sandbox[0] === "allow-same-origin", `the recorded page's sandbox is ${JSON.stringify(sandbox)}`);
  return seen;
}

const shownText = (page) => page.evaluate(() => document.querySelector("#stage iframe").contentDocument.body?.innerText ?? "");

async function playToTheEnd(page) {
  await page.selectOption("#speed", "8");
  await page.click("#play");
  await page.waitForFunction(() => document.getElementById("play").dataset.playing === "false", null, { timeout: 60_000 });
  const [now, length] = (await page.textContent("#clock")).split(" / ");
  check(now === length, `it stopped at ${now} of ${length}: ${await page.textContent("#said")}`);
}

async function seek(page, ms) {
  await page.evaluate((value) => {
    const bar = document.getElementById("seek");
    bar.value = value;
    bar.dispatchEvent(new Event("input"));
  }, ms);
  await page.waitForFunction(() => document.getElementById("said").textContent === "");
}

/** Every recorded session; of some it is known what the last page says, or that its words are masked. */
async function recorded(newPage) {
  const owner = await newPage();
  await setUp(owner);
  const known = {
    unmasked: { has: ["Billing", "Your plan: Pro"], lacks: [] },
    session: { has: ["****"], lacks: ["Billing", "Your plan"] },
    nocompress: { has: ["****"], lacks: ["Billing", "Your plan"] },
    fast: { has: ["****"], lacks: ["Billing", "Your plan"] },
    onerror: { has: ["****"], lacks: ["Billing", "Your plan"] },
  };
  const names = readdirSync(folder).filter((name) => statSync(join(folder, name)).isDirectory());
  check(names.length >= 5, `only ${names.length} recordings in ${folder}`);
  const sent = [];
  for (const name of names) sent.push([name, await sendRecorded(name)]);
  for (const [name, id] of sent) {
    const path = await address(owner, id);
    const page = await owner.context().newPage();
    const seen = await openPlayer(page, `${path}/player`);
    await picture(page, `replay-${name}-start`);
    await playToTheEnd(page);
    await picture(page, `replay-${name}-end`);
    check(seen.complaints.length === 0, `${name} complains:\n  ${seen.complaints.join("\n  ")}`);
    check(seen.calls.length === 0, `${name} calls ${seen.calls.join(", ")}`);
    const text = await shownText(page);
    for (const word of known[name]?.has ?? []) check(text.includes(word), `${name} does not show “${word}” at its end: ${text}`);
    for (const word of known[name]?.lacks ?? []) check(!text.includes(word), `${name} shows “${word}” although it is masked: ${text}`);
    await page.close();
    console.log(`${name}: played to its end`);
  }
}

/** Variants of what somebody may send who knows nothing but the DSN. EVIL becomes the address of a server that counts its callers. */
function attacks(hostile) {
  const element = (id, tagName, attributes = {}, childNodes = [], more = {}) => ({ type: 2, id, tagName, attributes, childNodes, ...more });
  const text = (id, textContent) => ({ type: 3, id, textContent });
  const owned = (name) => `for(let w=window;;w=w.parent){try{w.PWNED='${name}'}catch(e){} if(w===w.parent)break}`;
  const page = (...body) => [
    { type: 4, timestamp: start, data: { href: "https://shop.example/", width: 800, height: 600 } },
    { type: 2, timestamp: start + 1, data: { initialOffset: { left: 0, top: 0 }, node: { type: 0, id: 1, childNodes: [
      element(2, "html", {}, [element(3, "head"), element(4, "body", {}, [text(5, "shown"), ...body])]),
    ] } } },
  ];
  const later = (data) => ({ type: 3, timestamp: start + 300, data });
  const added = (node) => later({ source: 0, texts: [], removes: [], attributes: [], adds: [{ parentId: 4, nextId: null, node }] });
  const set = (id, attributes) => later({ source: 0, texts: [], removes: [], adds: [], attributes: [{ id, attributes }] });
  const end = { type: 3, timestamp: start + 900, data: { source: 3, id: 1, x: 0, y: 0 } };
  const img = { src: "EVIL/img.png", onerror: owned("onerror"), onload: owned("onload"), srcset: "EVIL/set.png 2x" };
  return {
    recorded: JSON.parse(hostile),
    handlers: [...page(element(10, "img", img), element(11, "body", { onload: owned("body") }), element(12, "details", { open: "", ontoggle: owned("toggle") }), element(13, "video", { poster: "EVIL/poster.png", src: "EVIL/v.mp4", onerror: owned("video") })), end],
    spelled: [...page(element(10, "IMG", { "ONERROR": owned("case"), SRC: "x" }), element(11, "ScRiPt", {}, [text(12, owned("case-script"))]), element(13, "a", { href: " \u0001java\tscript:" + owned("spaced") }, [text(14, "link")])), end],
    frames: [...page(element(10, "iframe", { srcdoc: `<script>${owned("srcdoc")}</script>` }), element(11, "iframe", { src: "javascript:" + owned("src") }), element(12, "iframe", { src: "EVIL/frame.html" }), element(13, "object", { data: "EVIL/object.html" }), element(14, "embed", { src: "EVIL/embed.html" }), element(15, "frameset", {}, [element(16, "frame", { src: "EVIL/frame2.html" })])), end],
    drawings: [...page(element(10, "svg", { onload: owned("svg") }, [element(11, "script", {}, [text(12, owned("svg-script"))], { isSVG: true }), element(13, "image", { href: "EVIL/svg.png", "xlink:href": "EVIL/xlink.png" }, [], { isSVG: true }), element(14, "use", { href: "EVIL/use.svg#a" }, [], { isSVG: true }), element(15, "a", { "xlink:href": "javascript:" + owned("svg-a") }, [text(16, "go")], { isSVG: true }), element(17, "animate", { attributeName: "href", to: "javascript:" + owned("animate") }, [], { isSVG: true })], { isSVG: true })), end],
    heads: [...page(element(10, "meta", { "http-equiv": "refresh", content: "0;url=EVIL/refresh" }), element(11, "base", { href: "EVIL/" }), element(12, "link", { rel: "stylesheet", href: "EVIL/a.css" }), element(13, "link", { rel: "preload", as: "script", href: "EVIL/p.js" }), element(14, "link", { rel: "dns-prefetch", href: "EVIL" }), element(15, "meta", { "http-equiv": "Content-Security-Policy", content: "script-src *" }), element(18, "img", { src: "relative.png" })), end],
    styles: [...page(element(10, "style", { _cssText: "@import 'EVIL/import.css'; body{background:url(EVIL/bg.png)} @font-face{font-family:x;src:url(EVIL/f.woff2)} *{font-family:x}" }), element(11, "div", { style: "background-image:url('EVIL/inline.png');list-style:u\\72l(EVIL/escaped.png)" }, [text(12, "styled")]), element(13, "link", { _cssText: "p{cursor:url(EVIL/cursor.cur),auto}" }), element(14, "style", {}, [{ type: 3, id: 15, textContent: "b{background:url(EVIL/text.png)}", isStyle: true }]), element(16, "p", { background: "EVIL/old.png" }, [text(17, "p")])), later({ source: 8, id: 10, adds: [{ rule: "b{background:url(EVIL/rule.png)}", index: 0 }] }), later({ source: 15, id: 1, styleIds: [1], styles: [{ styleId: 1, rules: [{ rule: "*{background:url(EVIL/adopted.png)}", index: 0 }] }] }), later({ source: 13, id: 10, index: [0], set: { property: "background", value: "url(EVIL/declared.png)" } }), end],
    mutations: [...page(element(10, "div", {}, [text(11, "target")]), element(12, "a", { href: "/fine" }, [text(13, "fine")])), added(element(20, "script", { src: "EVIL/added.js" }, [text(21, owned("added"))])), added(element(22, "img", img)), set(10, { onmouseover: owned("attribute"), style: "background:url(EVIL/set.png)", autofocus: true, onfocus: owned("focus"), tabindex: "0" }), set(12, { href: "javascript:" + owned("href") }), { type: 3, timestamp: start + 400, data: { source: 2, type: 5, id: 10 } }, { type: 3, timestamp: start + 450, data: { source: 2, type: 2, id: 12, x: 5, y: 5 } }, end],
    canvas: [...page(element(10, "canvas", { rr_dataURL: "EVIL/canvas.png", width: "10", height: "10" })), later({ source: 9, id: 10, type: 0, commands: [{ property: "constructor", args: [owned("canvas")] }, { property: "drawImage", args: [{ rr_type: "HTMLImageElement", src: "EVIL/draw.png" }] }] }), later({ source: 10, family: "x", fontSource: "EVIL/font.woff2", buffer: false }), later({ source: 16, define: { name: "x-evil" } }), end],
    forms: [...page(element(10, "form", { action: "EVIL/form", id: "f" }, [element(11, "input", { type: "image", src: "EVIL/input.png", formaction: "javascript:" + owned("formaction") }), element(12, "button", { formaction: "EVIL/post" }, [text(13, "send")])]), element(14, "input", { onfocus: owned("input"), autofocus: true }), element(15, "math", {}, [element(16, "mtext", { "xlink:href": "javascript:" + owned("math") })])), end],
  };
}

async function hostile(newPage) {
  const callers = [];
  const evil = createServer((request, answer) => {
    callers.push(request.url);
    answer.setHeader("access-control-allow-origin", "*");
    answer.end("window.PWNED='loaded'");
  });
  await new Promise((done) => evil.listen(0, "127.0.0.1", done));
  const host = `http://127.0.0.1:${evil.address().port}`;
  const file = readFileSync(join(folder, "hostile-recording.json"), "utf8").replaceAll("http://127.0.0.1:21201", "EVIL");
  const owner = await newPage();
  await setUp(owner);
  try {
    for (const [name, events] of Object.entries(attacks(file))) {
      const armed = JSON.parse(JSON.stringify(events).replaceAll("EVIL", host));
      const path = await address(owner, await sendMade([armed]));
      // As it comes from our server; and, as if our server had let everything through, the attack itself: policy and sandbox have to hold alone.
      for (const isRaw of [false, true]) {
        const page = await owner.context().newPage();
        if (isRaw) await page.route("**/parts/*", (route) => route.fulfill({ json: armed }));
        const seen = await openPlayer(page, `${path}/player`);
        await playToTheEnd(page);
        const { x, y } = await page.locator("#stage iframe").boundingBox();
        for (const [dx, dy] of [[10, 10], [30, 20], [60, 40]]) await page.mouse.click(x + dx, y + dy);
        await page.keyboard.press("Tab");
        const what = `${name}${isRaw ? " past our server" : ""}`;
        const owned = await page.evaluate(() => [window.PWNED, ...[...document.querySelectorAll("iframe")].map((frame) => frame.contentWindow.PWNED)]);
        check(owned.every((word) => word === undefined), `${what}: code ran: ${owned}`);
        check(page.url().startsWith(base), `${what}: the page went to ${page.url()}`);
        check((await shownText(page)).includes(name === "recorded" ? "hi" : "shown") || name === "frames", `${what}: the rest of the page is not shown`);
        if (!isRaw) {
          check(seen.calls.length === 0, `${what}: it wants to call ${seen.calls.join(", ")}`);
          const left = await page.evaluate(() => {
            const inside = document.querySelector("#stage iframe").contentDocument;
            const all = [...inside.querySelectorAll("*")];
            const bad = (attribute) => /^on|^srcdoc$/i.test(attribute.name) || /^\s*(javascript|vbscript):/i.test(attribute.value);
            return all.filter((node) => /^(script|object|embed|base|frame)$/i.test(node.localName) || [...node.attributes].some(bad)).map((node) => node.outerHTML.slice(0, 200));
          });
          check(left.length === 0, `${what}: still there: ${left.join("\n")}`);
        }
        await page.close();
      }
      console.log(`${name}: nothing ran`);
    }
    check(callers.length === 0, `the evil host was called: ${callers.join(", ")}`);
  } finally {
    evil.close();
  }
}

/** The page around the player, and what people do there. */
async function around(newPage) {
  const owner = await newPage();
  await setUp(owner);
  await goto(owner, "/replay");
  check((await owner.innerText("main")).includes("No replay has been recorded yet"), "an empty list says the next step");
  check((await owner.innerText("main")).includes("flushMinDelay"), "the empty list has the snippet");
  const id = await sendRecorded("unmasked");
  const path = await address(owner, id);
  await goto(owner, "/replay?q=user:ada");
  await owner.click("table a >> nth=0");
  check(new URL(owner.url()).pathname === path, `the list leads to ${owner.url()} and not to ${path}`);
  const player = owner.frameLocator("iframe[data-player]");
  await player.locator("html[data-state=ready]").waitFor();
  await picture(owner, "replay-page");
  // A line leads to its moment, without a new page.
  const panel = owner.locator("details.replay-panel#network");
  await panel.evaluate((details) => (details.open = true));
  const line = panel.locator("a[data-at]").last();
  const at = Number(await line.getAttribute("data-at"));
  await line.click();
  const clock = async () => {
    const [minutes, seconds] = (await player.locator("#clock").innerText()).split(" / ")[0].split(":").map(Number);
    return minutes * 60 + seconds;
  };
  await eventually("the moment of the line", 5, async () => (await clock()) === Math.floor(at / 1000));
  check(new URL(owner.url()).pathname === path, "the page was left");
  await eventually("the line is marked", 5, () => line.locator("xpath=ancestor::li").getAttribute("aria-current"));
  await eventually("the link names the moment", 5, async () => (await owner.inputValue("[data-here] input")).endsWith(`at=${Math.floor(at / 1000) * 1000}`));
  // Deep link, keys.
  await goto(owner, `${path}?at=20000`);
  await player.locator("html[data-state=ready]").waitFor();
  check((await clock()) === 20, `?at=20000 begins at ${await clock()}`);
  await player.locator("#seek").focus();
  await owner.keyboard.press("ArrowRight");
  await eventually("five seconds on", 5, async () => (await clock()) === 25);
  await owner.keyboard.press(">");
  await eventually("twice as fast", 5, async () => (await player.locator("#speed").inputValue()) === "2");
  await owner.keyboard.press(" ");
  await eventually("it plays", 5, async () => (await player.locator("#play").getAttribute("aria-label")) === "Pause");
  // Without JavaScript the line is a link.
  const plain = await newPage({ javaScriptEnabled: false, storageState: await owner.context().storageState() });
  await goto(plain, path);
  const href = await plain.locator("details[open] a[data-at]").first().getAttribute("href");
  check(/^\/replay\/\d+\?at=\d+$/.test(href), `a line leads to ${href}`);
  // Keeping and sharing.
  await goto(owner, path);
  await submit(owner, { note: "The plan page <b>flickers</b>" });
  check((await owner.innerText("main")).includes("The plan page <b>flickers</b>") || (await owner.inputValue("[name=note]")).includes("<b>"), "the note is kept as it was written");
  await submit(owner, { days: "1" });
  const shared = await owner.inputValue(".copy-box input");
  const guest = await newPage();
  await openPlayer(guest, new URL(shared).pathname);
  const told = await guest.innerText("body");
  check(!told.includes("ada@example.com") && !told.includes("Visitor"), "a shared recording does not name the visitor around it");
  check((await guest.locator("meta[name=robots]").getAttribute("content")).includes("noindex"), "search engines may find a shared recording");
  await playToTheEnd(guest);
  await goto(owner, path);
  const watched = await owner.innerText("main");
  check(watched.includes("Olive Owner") && watched.includes("Somebody with link 1"), "who watched is not told");
  await owner.click("text=Take back");
  await owner.waitForLoadState("load");
  const answer = await guest.request.get(shared);
  check(answer.status() === 404, `a link that was taken back answers ${answer.status()}`);
  check((await guest.request.get(`${shared}/timeline.json`)).status() === 404, "its timeline still answers");
  check((await guest.request.get(`${base}${path}/player`, { maxRedirects: 0 })).status() !== 200, "a player opens without signing in");
  // Everything is seen by everybody, in both colours and on a phone.
  const problems = [];
  for (const [name, there] of [["list", "/replay"], ["page", path], ["player", `${path}/player?alone=1`], ["doctor", "/replay/doctor"]]) {
    await goto(owner, there);
    if (name === "player") await owner.waitForFunction(() => document.documentElement.dataset.state === "ready");
    if (name === "page") await player.locator("html[data-state=ready]").waitFor();
    for (const colorScheme of ["light", "dark"]) {
      await owner.emulateMedia({ colorScheme });
      await picture(owner, `replay-${name}-${colorScheme}`);
      problems.push(...(await faults(owner)).map((fault) => `${name} (${colorScheme}): ${fault}`));
    }
    await owner.emulateMedia({ colorScheme: "light" });
    await owner.setViewportSize({ width: 360, height: 780 });
    await owner.waitForTimeout(200);
    await picture(owner, `replay-${name}-phone`);
    const excess = await owner.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (excess > 1) problems.push(`${name}: ${excess} pixels wider than a phone`);
    await owner.setViewportSize({ width: 1280, height: 900 });
  }
  check(problems.length === 0, problems.join("\n  "));
  // Gone is gone.
  await goto(owner, path);
  await owner.click("summary:has-text('Delete all of this person')");
  await owner.click("button:has-text('Delete all of them')");
  await owner.waitForLoadState("load");
  check((await owner.request.get(`${base}${path}/timeline.json`)).status() === 404, "a deleted replay still answers");
  check((await owner.innerText("main")).includes("No replay has been recorded yet"), "a deleted replay is still listed");
  await seeking(owner);
}

/** Half an hour of a table of some hundred rows that changes all the time, in segments of five seconds. */
function longRecording() {
  const minutes = 30;
  let id = 1;
  const element = (tagName, attributes, childNodes) => ({ type: 2, id: (id += 1), tagName, attributes, childNodes });
  const text = (textContent) => ({ type: 3, id: (id += 1), textContent });
  const cells = [];
  const row = (number) => element("tr", { class: "row" }, Array.from({ length: 6 }, (_, column) => {
    const cell = text(`row ${number} column ${column}`);
    cells.push(cell.id);
    return element("td", { class: "cell", style: "padding:4px" }, [cell]);
  }));
  const body = element("body", {}, [element("h1", {}, [text("Half an hour")]), element("table", {}, Array.from({ length: 400 }, (_, number) => row(number)))]);
  const snapshot = { type: 0, id: 1, childNodes: [element("html", {}, [element("head", {}, []), body])] };
  const segments = [];
  for (let segment = 0; segment < minutes * 12; segment += 1) {
    const from = start + segment * 5_000;
    const events = segment === 0 ? [
      { type: 4, timestamp: from, data: { href: "https://shop.example/table", width: 1200, height: 800 } },
      { type: 2, timestamp: from + 1, data: { node: snapshot, initialOffset: { left: 0, top: 0 } } },
    ] : [];
    for (let step = 0; step < 20; step += 1) {
      const timestamp = from + 10 + step * 249;
      const id = cells[(segment * 20 + step) % cells.length];
      events.push({ type: 3, timestamp, data: { source: 0, adds: [], removes: [], attributes: [], texts: [{ id, value: `at ${segment}.${step}` }] } });
      events.push({ type: 3, timestamp: timestamp + 5, data: { source: 1, positions: [{ x: 20 + step * 9, y: 50 + (segment % 40) * 9, id: 2, timeOffset: 0 }] } });
    }
    segments.push(events);
  }
  return segments;
}

async function long(newPage) {
  const owner = await newPage();
  await setUp(owner);
  const path = await address(owner, await sendMade(longRecording()), 360);
  const figures = [];
  for (const [at, word] of [[0, "row 399 column 5"], [20 * 60_000, "at 239.19"], [29 * 60_000, "at 347.19"]]) {
    const page = await owner.context().newPage();
    await openPlayer(page, `${path}/player?at=${at}`);
    const took = await page.evaluate(() => Math.round(performance.getEntriesByName("first-frame")[0].startTime));
    check((await shownText(page)).includes(word), `at ${at} ms “${word}” is not shown`);
    check((await page.textContent("#clock")).endsWith("/ 29:59"), `its length is told as ${await page.textContent("#clock")}`);
    figures.push([at / 60_000, took]);
    if (at === 0) {
      const parts = await page.evaluate(() => performance.getEntriesByType("resource").filter((entry) => entry.name.includes("/parts/")).length);
      check(parts < 4, `${parts} parts were fetched to show the beginning`);
      await seek(page, 25 * 60_000);
      await eventually("a moment far away", 10, async () => (await shownText(page)).includes("at 299.19"));
      await seek(page, 60_000);
      await eventually("a moment before", 10, async () => (await shownText(page)).includes("at 11.19") && !(await shownText(page)).includes("at 299.19"));
    }
    await page.close();
  }
  for (const [minute, took] of figures) console.log(`first frame of a recording of 30 minutes, begun at minute ${minute}: ${took} ms`);
  const most = Math.max(...figures.map(([, took]) => took));
  check(most <= 1_000, `the first frame took ${most} ms`);
}

/** Three pages of a minute, each in a part of its own. A page's picture comes a while after its beginning, and half of the last is idle. */
function threePages() {
  const filling = "x".repeat(300_000);
  return [0, 1, 2].map((number) => {
    const from = start + number * 60_000;
    const text = (id, textContent) => ({ type: 3, id, textContent });
    const body = { type: 2, id: 4, tagName: "body", attributes: {}, childNodes: [text(5, `This is page ${number}.`), { type: 2, id: 6, tagName: "p", attributes: { style: "display:none" }, childNodes: [text(7, filling)] }] };
    const html = { type: 2, id: 2, tagName: "html", attributes: {}, childNodes: [{ type: 2, id: 3, tagName: "head", attributes: {}, childNodes: [] }, body] };
    const moves = Array.from({ length: 59 }, (_, second) => second + 1).filter((second) => number < 2 || second < 10 || second > 50);
    return [
      { type: 4, timestamp: from, data: { href: `https://shop.example/page-${number}`, width: 800, height: 600 } },
      { type: 2, timestamp: from + 150, data: { initialOffset: { left: 0, top: 0 }, node: { type: 0, id: 1, childNodes: [html] } } },
      ...moves.map((second) => ({ type: 3, timestamp: from + second * 1_000, data: { source: 1, positions: [{ x: second, y: 20, id: 4, timeOffset: 0 }] } })),
    ];
  });
}

const said = (page) => page.textContent("#said");
const shows = (page, number) => eventually(`page ${number} is shown`, 8, async () => (await shownText(page)).includes(`This is page ${number}.`) && (await said(page)) === "");

/** A line of the lists shows what was there at its moment; before the player speaks, and where it cannot, the line is a link. */
async function linesShowTheirPages(owner, path) {
  await goto(owner, path);
  const player = owner.frameLocator("iframe[data-player]");
  await player.locator("html[data-state=ready]").waitFor();
  await owner.locator("details#pages").evaluate((details) => (details.open = true));
  const lines = owner.locator("details#pages a[data-at]");
  const frame = () => owner.frames().find((frame) => frame.url().includes("/player"));
  for (const number of [2, 0, 1, 0, 2]) {
    await lines.nth(number).click();
    await shows(frame(), number);
    const at = Number(await lines.nth(number).getAttribute("data-at"));
    check((await player.locator("#clock").innerText()).startsWith(`${at / 60_000}:00`), `the clock of page ${number} is ${await player.locator("#clock").innerText()}`);
  }
  // Keys on the page, after a line was clicked.
  await owner.keyboard.press(" ");
  await player.locator("#play[data-playing=true]").waitFor();
  await owner.keyboard.press(" ");
  await player.locator("#play[data-playing=false]").waitFor();
  await owner.keyboard.press("ArrowLeft");
  await eventually("five seconds back, on the page before", 5, async () => /^1:5\d/.test(await player.locator("#clock").innerText()));
  await shows(frame(), 1);
  // A list that is opened late is where the player is.
  const list = owner.locator("details#pages ol");
  await list.evaluate((list) => ((list.style.maxHeight = "30px"), (list.scrollTop = 0), (list.closest("details").open = false)));
  await player.locator("#seek").fill("125000");
  await shows(frame(), 2);
  await eventually("the last line is marked", 5, () => lines.nth(2).locator("xpath=ancestor::li").getAttribute("aria-current"));
  await list.evaluate((list) => (list.closest("details").open = true));
  await eventually("the list shows its last line", 5, () => list.evaluate((list) => list.scrollTop > 0));
  await owner.route("**/timeline.json", (route) => route.fulfill({ status: 500 }));
  await goto(owner, path);
  await player.locator("html[data-state=failed]").waitFor();
  await owner.unroute("**/timeline.json");
  await owner.locator("details#pages").evaluate((details) => (details.open = true));
  await lines.nth(1).click();
  await owner.waitForURL(/\?at=60000$/);
}

/** While what is wanted is on its way, and where it does not come, the picture before it is not shown for it. */
async function nothingElseIsShownMeanwhile(page, path) {
  let release;
  const late = new Promise((done) => (release = done));
  await page.route("**/parts/2-2", async (route) => (await late, route.continue()));
  await openPlayer(page, `${path}/player`);
  for (const ms of [121_000, 122_000, 125_000]) await page.locator("#seek").fill(String(ms));
  await eventually("it says that it loads", 5, async () => (await said(page)) === "Loading…");
  for (let look = 0; look < 10; look += 1) {
    await page.waitForTimeout(150);
    check((await said(page)) === "Loading…" && (await page.locator("html.is-late").count()) === 1, `while the part is late it says: ${await said(page)}`);
  }
  release();
  await shows(page, 2);
  await page.unroute("**/parts/2-2");
  await page.route("**/parts/2-2", (route) => route.fulfill({ status: 500 }));
  await openPlayer(page, `${path}/player`);
  await page.locator("#seek").fill("125000");
  await eventually("it says that it failed", 5, async () => (await said(page)).includes("could not be loaded"));
  await page.waitForTimeout(1_000);
  check((await said(page)).includes("could not be loaded"), `after a part that failed it says: ${await said(page)}`);
  await page.unroute("**/parts/2-2");
  await page.click("#play");
  await shows(page, 2);
  check((await page.textContent("#clock")).startsWith("2:0"), `Play tried again at ${await page.textContent("#clock")}`);
}

/** A hidden page waits; another speed keeps skipping true; keys and clicks move the bar. */
async function controlsDoWhatTheySay(page, path) {
  await openPlayer(page, `${path}/player?at=20000`);
  const clock = async () => (await page.textContent("#clock")).split(" / ")[0];
  await page.click("#play");
  const hide = (hidden) => page.evaluate((value) => {
    Object.defineProperty(document, "hidden", { value, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
  }, hidden);
  await hide(true);
  await page.locator("#play[data-playing=false]").waitFor();
  await hide(false);
  await page.locator("#play[data-playing=true]").waitFor();
  await page.click("#play");
  const before = await clock();
  await page.locator("#seek").focus();
  await page.keyboard.press("ArrowUp");
  await eventually("up is on", 5, async () => (await clock()) > before);
  const track = await page.locator(".track svg").boundingBox();
  await page.mouse.click(track.x + track.width / 2, track.y + 3);
  await eventually("the middle of the bar", 5, async () => (await clock()) === "1:29");
  await page.locator("#seek").fill("127000");
  await shows(page, 2);
  await page.click("#play");
  await eventually("it skips", 10, async () => (await said(page)) === "Skipping inactivity");
  await page.keyboard.press(">");
  await eventually("the visitor is back", 30, async () => (await clock()) >= "2:53");
  check((await said(page)) === "", `the visitor is back, and it says: ${await said(page)}`);
}

/** What comes in while somebody watches is played. */
async function liveOnesGoOn(page) {
  const segments = threePages();
  const id = await sendMade(segments.slice(0, 2));
  const path = await address(page, id, 2);
  await openPlayer(page, `${path}/player?at=118000`);
  check((await page.textContent("#clock")).endsWith("/ 1:59"), `it is as long as ${await page.textContent("#clock")}`);
  await playToTheEnd(page);
  await sendMade(segments, undefined, id, 2);
  await address(page, id, 3);
  await page.click("#play");
  await shows(page, 2);
  check(/^2:\d\d \/ 2:59$/.test(await page.textContent("#clock")), `it went on at ${await page.textContent("#clock")}`);
  // One of which nothing is there yet begins by itself.
  const nothing = { started_at: start, duration_ms: 0, segments: 0, parts: [] };
  await page.route("**/timeline.json", (route) => route.fulfill({ json: nothing }), { times: 1 });
  await goto(page, `${path}/player`);
  await page.locator("html[data-state=failed]").waitFor();
  check((await said(page)).startsWith("Nothing of this recording has arrived yet"), `of nothing it says: ${await said(page)}`);
  await page.locator("html[data-state=ready]").waitFor();
  await shows(page, 0);
}

async function seeking(owner) {
  const path = await address(owner, await sendMade(threePages()), 3);
  await linesShowTheirPages(owner, path);
  for (const part of [nothingElseIsShownMeanwhile, controlsDoWhatTheySay, liveOnesGoOn]) {
    const page = await owner.context().newPage();
    await part(page, path);
    await page.close();
    console.log(`${part.name}: ok`);
  }
}

const parts = { recorded, hostile, around, long };
run(`replay-${process.env.PART}`, parts[process.env.PART]);
