// The founder's first day: set-up, second factor, a monitor that fails, a report, a visitor who subscribes, gets mail, leaves.
import { createServer } from "node:http";

import { at, base, check, eventually, faults, goto, person, picture, run, setUp, shape, signIn, submit, totp } from "./lib.mjs";
import { startSmtp } from "./smtp.mjs";

const visitor = "visitor@example.com";

run("journey", async (newPage) => {
  const smtp = await startSmtp();
  let targetIsUp = true;
  const target = createServer((_, answer) => { answer.statusCode = targetIsUp ? 200 : 500; answer.end("target"); });
  await new Promise((done) => target.listen(0, "127.0.0.1", done));
  const problems = [];
  const look = async (page, name) => {
    for (const scheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme: scheme });
      await picture(page, `journey-${name}-${scheme}`);
      problems.push(...(await faults(page)).map((fault) => `${name} (${shape(page.url())}, ${scheme}): ${fault}`));
    }
    await page.emulateMedia({ colorScheme: "light" });
  };
  try {
    const owner = await newPage();
    await owner.goto(process.env.SETUP_URL);
    await look(owner, "01-set-up");
    await setUp(owner);

    const secret = await turnOnSecondFactor(owner, look);
    const again = await newPage();
    await goto(again, at.signIn);
    await look(again, "03-sign-in");
    // Each code is good once: the one that turned the second factor on does not sign in.
    await new Promise((done) => setTimeout(done, 30_500 - (Date.now() % 30_000)));
    await signIn(again, { ...person, secret });
    await look(again, "04-home-empty");

    await goto(again, at.mailSettings);
    await look(again, "05-mail-settings");
    await submit(again, {
      "outbound.mail_kind": "smtp", "outbound.mail_from": "status@example.com", "outbound.smtp_host": "127.0.0.1",
      "outbound.smtp_port": String(smtp.port), "outbound.smtp_tls": "none",
    });

    await goto(again, at.newMonitor);
    await look(again, "06-new-monitor");
    await submit(again, { name: "Shop", url: `http://127.0.0.1:${target.address().port}/`, interval_s: "10" });
    await look(again, "07-monitor");
    const monitor = again.url();
    const says = async (word) => { await again.goto(monitor); return (await again.innerText("main")).toLowerCase().includes(word); };
    await eventually("the monitor is up", 30, () => says("up"));
    targetIsUp = false;
    await eventually("the monitor is down", 60, () => says("down"));
    await look(again, "08-monitor-down");

    const guest = await newPage();
    await goto(guest, at.statusPage);
    await look(guest, "09-status-page");
    await goto(guest, at.subscribe);
    await look(guest, "10-subscribe");
    await submit(guest, { address: visitor });
    const confirmation = await eventually("the mail that asks to confirm", 20, () => smtp.mails.find((mail) => mail.to.includes(visitor)));
    await guest.goto(linkIn(confirmation, /confirm/));
    await look(guest, "11-confirm");
    await guest.locator("main form button").first().click();
    await guest.waitForLoadState("load");

    await goto(again, at.newReport);
    await look(again, "12-new-report");
    await submit(again, { title: "Shop is not reachable", phase: "investigating", impact: "major", body: "We are looking at it." }, "[value=publish]");
    await look(again, "13-report");
    const notice = await eventually("the mail about the report", 30, () => smtp.mails.find((mail) => mail.to.includes(visitor) && mail.raw.includes("Shop is not reachable")));
    check(/^list-unsubscribe-post:/im.test(notice.raw), "the mail has no one-click unsubscribe");
    await eventually("the report on the public page", 15, async () => { await goto(guest, at.statusPage); return (await guest.innerText("body")).includes("Shop is not reachable"); });
    await look(guest, "14-status-page-with-report");

    await guest.goto(linkIn(notice, /\/follow\//));
    await look(guest, "15-unsubscribe");
    await guest.getByRole("button", { name: /unsubscribe|leave|stop/i }).first().click();
    await guest.waitForLoadState("load");
    await look(guest, "16-unsubscribed");
    const left = smtp.mails.length;
    await goto(again, at.newReport);
    await submit(again, { title: "A second report", phase: "investigating", impact: "minor", body: "Nobody should get this by mail." }, "[value=publish]");
    await new Promise((done) => setTimeout(done, 4_000));
    check(!smtp.mails.slice(left).some((mail) => mail.to.includes(visitor)), "a visitor who left still gets mail");
    await goto(again, at.home);
    await look(again, "17-home");
  } finally {
    smtp.close();
    target.close();
  }
  check(problems.length === 0, `axe-core found ${problems.length}:\n  ${problems.join("\n  ")}`);
});

/** Turns on the second factor and gives its secret. */
async function turnOnSecondFactor(page, look) {
  await goto(page, at.twoFactor);
  await page.locator("main details summary").first().click();
  await look(page, "02-two-factor");
  const shown = await page.locator("main details").evaluate((part) => `${part.textContent} ${[...part.querySelectorAll("input")].map((one) => one.value).join(" ")}`);
  const secret = shown.match(/(?:[A-Z2-7]{4} ?){6,}[A-Z2-7]*/)?.[0].replaceAll(" ", "");
  check(secret, "the page of the second factor shows no secret to type");
  await submit(page, { code: totp(secret) });
  await look(page, "02-recovery-codes");
  return secret;
}

function linkIn(mail, wanted) {
  const link = [...mail.text.matchAll(/https?:\/\/[^\s<>"')]+/g)].map((found) => found[0]).find((one) => wanted.test(one));
  check(link, `no link like ${wanted} in the mail:\n${mail.text}`);
  const url = new URL(link.replaceAll("&amp;", "&"));
  return base + url.pathname + url.search;
}
