// Every page of the demo, console and public, light and dark, wide and narrow: axe-core finds nothing serious, nothing is
// wider than the screen, no script fails.
import { at, check, faults, picture, run, signIn, walk } from "./lib.mjs";

run("walk", async (newPage) => {
  const problems = [];
  const look = (who) => async (page, kind) => {
    const name = `${who}${kind.replace(/[^A-Za-z0-9#*]+/g, "-").replace(/[#*]/g, "n")}`;
    for (const scheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme: scheme });
      await picture(page, `${name}-${scheme}`);
      problems.push(...(await faults(page)).map((fault) => `${kind} (${who}, ${scheme}): ${fault}`));
    }
    await page.emulateMedia({ colorScheme: "light" });
    await page.setViewportSize({ width: 360, height: 780 });
    await picture(page, `${name}-phone`);
    const excess = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (excess > 1) problems.push(`${kind} (${who}): ${excess} pixels wider than a phone`);
    await page.setViewportSize({ width: 1280, height: 900 });
  };
  const owner = await newPage();
  await signIn(owner, { email: process.env.EMAIL, password: process.env.PASSWORD, secret: process.env.TOTP_SECRET });
  const console_ = await walk(owner, [at.home], look("console"));
  const guest = await newPage();
  const outside = await walk(guest, [at.statusPage, at.signIn], look("public"));
  console.log(`${console_.size} kinds of pages inside, ${outside.size} outside:\n  ${[...console_].join("\n  ")}\n  --\n  ${[...outside].join("\n  ")}`);
  check(console_.size >= 10, `only ${console_.size} kinds of pages can be reached from the home page`);
  check(problems.length === 0, `${problems.length} problems:\n  ${problems.join("\n  ")}`);
});
