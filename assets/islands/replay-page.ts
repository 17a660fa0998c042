// The page around a player: its lists follow the recording, and a click on a line goes to its moment without loading the page anew.

import { STEP, listen, moment, tell } from "./replay/bridge";

let lists: Moments[] = [];
/** Where the player is; undefined until it has spoken: before that, and where it failed, links are links and keys are the browser's. */
let now: number | undefined;

const player = () => document.querySelector<HTMLIFrameElement>("iframe[data-player]")?.contentWindow;

document.addEventListener("DOMContentLoaded", () => {
  lists = [...document.querySelectorAll<HTMLElement>("[data-moments]")].map((list) => new Moments(list));
});

// At once, as the player may speak before the whole page is there.
listen(player, (said) => {
  const at = moment(said);
  if (said.replay !== "time" || at === undefined) return;
  now = at;
  for (const list of lists) list.mark(at);
  pointTo(at);
});

document.addEventListener("click", (event) => {
  const link = (event.target as Element).closest<HTMLElement>("a[data-at]");
  if (!link || now === undefined || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  tell(player(), { replay: "seek", at_ms: Number(link.dataset.at) });
  document.querySelector("iframe[data-player]")?.scrollIntoView({ block: "nearest" });
});

/** Keys belong to what has the focus: they go to the player where nothing has it, or a line that led there. */
document.addEventListener("keydown", (event) => {
  const isFree = (event.target as Element).matches("body, a[data-at]") && !document.querySelector("dialog[open]");
  if (now === undefined || !isFree || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  if (event.key === " ") tell(player(), { replay: "toggle" });
  else if (event.key === "ArrowLeft") tell(player(), { replay: "seek", at_ms: now - STEP });
  else if (event.key === "ArrowRight") tell(player(), { replay: "seek", at_ms: now + STEP });
  else return;
  event.preventDefault();
});

/** The link to this moment, for whoever is to see the same. */
function pointTo(at: number): void {
  const box = document.querySelector<HTMLInputElement>("[data-here] input");
  const button = document.querySelector<HTMLElement>("[data-here] [data-copy]");
  if (!box || !button) return;
  box.value = box.value.replace(/at=\d*$/, `at=${Math.floor(at / 1000) * 1000}`);
  button.dataset.copy = box.value;
}

/** The lines of one list, in the order of time. */
class Moments {
  private readonly lines: { at: number; line: HTMLElement }[];
  private current?: HTMLElement;

  constructor(private readonly list: HTMLElement) {
    this.lines = [...list.querySelectorAll<HTMLElement>("a[data-at]")].map((link) => ({ at: Number(link.dataset.at), line: link.closest("li") ?? link }));
    // A closed list has no place to scroll to.
    list.closest("details")?.addEventListener("toggle", () => this.current && this.bring(this.current));
  }

  mark(now: number): void {
    let found: HTMLElement | undefined;
    for (const { at, line } of this.lines) if (at <= now) found = line;
    if (found === this.current) return;
    this.current?.removeAttribute("aria-current");
    this.current = found;
    found?.setAttribute("aria-current", "true");
    if (found && !this.isHeld()) this.bring(found);
  }

  /** Somebody reads in it, with the mouse or with keys. A line that was clicked keeps the focus, but not the list. */
  private isHeld(): boolean {
    return this.list.matches(":hover, :focus-visible") || this.list.querySelector(":focus-visible") !== null;
  }

  /** Moves the list, never the page. */
  private bring(line: HTMLElement): void {
    const top = line.offsetTop - this.list.offsetTop;
    if (top < this.list.scrollTop || top + line.offsetHeight > this.list.scrollTop + this.list.clientHeight) this.list.scrollTop = top - this.list.clientHeight / 3;
  }
}
