// The console's script. Every page works without it; it adds comfort: live updates, local times, tooltips, keys.
// It stands in the head and is not deferred: the chosen colours are set before anything is painted.

import { applyTheme, themeSwitch } from "./theme";
import { live } from "./live";
import { times } from "./times";
import { copying } from "./copy";
import { reachable, tips } from "./tips";
import { keyboard } from "./keyboard";
import { forms, menus } from "./forms";

applyTheme();
document.addEventListener("DOMContentLoaded", () => {
  // Live first: it has to remember the page as the server wrote it.
  live(enhance);
  themeSwitch();
  menus();
  forms();
  tips();
  keyboard();
  copying();
  enhance(document);
});

/** What has to be done again for each piece that comes fresh from the server. */
function enhance(root: ParentNode): void {
  times(root);
  reachable(root);
  for (const button of root.querySelectorAll<HTMLElement>("[data-copy]")) button.hidden = false;
}
