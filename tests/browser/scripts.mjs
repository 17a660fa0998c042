// Whatever a person types comes back as text: a script goes into every text field of the console, then every page is read.
import { at, base, check, goto, run, setUp, walk } from "./lib.mjs";

const MARK = "hermetic-mark";
const PAYLOADS = [`</textarea></title></script>"'><img src=x onerror="window.hacked=1"><script>window.hacked=1</script>${MARK}`, `javascript:window.hacked=1//${MARK}`];

run("scripts", async (newPage) => {
  const owner = await newPage();
  await setUp(owner);
  const forms = [];
  await walk(owner, [at.home], async (page) => {
    const found = await page.locator("form").evaluateAll((all) => all.filter((form) => form.method === "post").map((form) => form.action));
    if (found.length > 0) forms.push(page.url());
  });
  let sent = 0;
  for (const address of forms.filter((one) => !/password|second-factor|sign-out|logins/.test(one))) {
    for (const payload of PAYLOADS) sent += await sendEveryForm(owner, address, payload);
  }
  check(sent > 10, `only ${sent} forms were sent`);
  const shown = [];
  const hacked = [];
  const look = async (page, kind) => {
    if (await page.evaluate(() => window.hacked === 1)) hacked.push(kind);
    if ((await page.content()).includes(MARK)) shown.push(kind);
  };
  const guest = await newPage();
  await walk(owner, [at.home], look);
  await walk(guest, [at.statusPage], look);
  for (const feed of ["feed.atom", "feed.rss"]) {
    const text = await (await fetch(`${base}${at.statusPage}/${feed}`)).text();
    check(!text.includes("<script>window"), `${feed} carries a script`);
  }
  // In JSON the letters are text; only what a reader shows as HTML must be clean.
  const { items } = await (await fetch(`${base}${at.statusPage}/feed.json`)).json();
  check(items.every((item) => !/<(script|img)\b/i.test(item.content_html ?? "")), "feed.json carries a script as HTML");
  console.log(`${sent} forms sent; the mark shows on ${shown.join(" ")}`);
  check(shown.length > 0, "no page shows what was typed: the test tries nothing");
  check(hacked.length === 0, `scripts ran on ${hacked.join(" ")}`);
});

/** Each form of the page once, all its text fields holding the payload; how many were sent. */
async function sendEveryForm(page, address, payload) {
  await goto(page, address);
  const count = await page.locator("form").count();
  let sent = 0;
  for (let index = 0; index < count; index += 1) {
    if (index > 0) await page.goto(address);
    const form = page.locator("form").nth(index);
    if ((await form.count()) === 0 || !(await filled(form, payload))) continue;
    const gone = page.waitForEvent("framenavigated", { timeout: 10_000 });
    await form.evaluate((element) => { setTimeout(() => element.requestSubmit(), 0); });
    await gone;
    await page.waitForLoadState("load");
    sent += 1;
  }
  return sent;
}

/** Puts the payload into every text field; whether there was one. Forms that delete or sign out are left alone. */
function filled(form, payload) {
  return form.evaluate((element, text) => {
    if (element.method !== "post" || /sign-out|delete|remove|theme/.test(element.action)) return false;
    element.noValidate = true;
    let count = 0;
    for (const field of element.elements) {
      const kind = field.tagName === "TEXTAREA" ? "textarea" : field.type;
      if (!field.name || field.disabled || field.readOnly || !["text", "textarea", "search", "url", "email"].includes(kind)) continue;
      if (kind === "email") field.value = "someone@example.com";
      else if (kind === "url" || field.name.includes("url")) field.value = `http://127.0.0.1:9/${encodeURIComponent(text)}`;
      else field.value = text;
      count += 1;
    }
    return count > 0;
  }, payload);
}
