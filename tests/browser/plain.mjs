// The public pages with JavaScript off say and show what they say with it on, in one request.
import { at, check, goto, picture, run } from "./lib.mjs";

run("plain", async (newPage) => {
  const withScript = await newPage();
  const without = await newPage({ javaScriptEnabled: false });
  // A routed page does not use the browser's cache: each look is at the page as it is now, not as it was ten seconds ago.
  for (const page of [withScript, without]) await page.route("**/*", (route) => route.continue());
  const requests = [];
  without.on("request", (request) => requests.push(request.url()));
  for (const path of [at.statusPage, `${at.statusPage}/history`, at.subscribe]) {
    requests.length = 0;
    let texts;
    // The page is made anew while the demo lives: three tries to see the same minute twice.
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await goto(withScript, path);
      await goto(without, path);
      texts = [await said(withScript), await said(without)];
      if (texts[0] === texts[1]) break;
    }
    check(texts[0] === texts[1], `${path} differs without JavaScript:\n--- with\n${texts[0]}\n--- without\n${texts[1]}`);
    check(texts[0].length > 40, `${path} says nothing`);
  }
  requests.length = 0;
  await goto(without, at.statusPage);
  await picture(without, "status-without-javascript");
  check(requests.length === 1, `the status page takes ${requests.length} requests: ${requests.join(" ")}`);
});

const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'", "#x27": "'", nbsp: "\u00a0" };

/** The text a person reads, times taken out: a script may show them in the reader's own zone. */
async function said(page) {
  const html = await page.content();
  const plain = html.replace(/<head[\s\S]*?<\/head>|<(time|script|style|noscript)\b[\s\S]*?<\/\1>|<!--[\s\S]*?-->|<[^>]+>/g, " ");
  return plain.replace(/&(amp|lt|gt|quot|#39|#x27|nbsp);/g, (_, name) => ENTITIES[name]).replace(/\s+/g, " ").trim();
}
