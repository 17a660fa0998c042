// The page around a player: its lists follow the recording, and a click on a line goes to its moment without loading the page anew.

import { listen, moment, tell } from "./replay/bridge";

document.addEventListener("DOMContentLoaded", () => {
  const frame = document.querySelector<HTMLIFrameElement>("iframe[data-player]");
  if (!frame) return;
  const lists = [...document.querySelectorAll<HTMLElement>("[data-moments]")].map((list) => new Moments(list));
  listen(() => frame.contentWindow, (said) => {
    const at = moment(said);
    if (said.replay !== "time" || at === undefined) return;
    for (const list of lists) list.mark(at);
    pointTo(at);
  });
  document.addEventListener("click", (event) => {
    const link = (event.target as Element).closest<HTMLElement>("a[data-at]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    tell(frame.contentWindow, { replay: "seek", at_ms: Number(link.dataset.at) });
    frame.scrollIntoView({ block: "nearest" });
  });
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
  }

  mark(now: number): void {
    let found: HTMLElement | undefined;
    for (const { at, line } of this.lines) if (at <= now) found = line;
    if (found === this.current) return;
    this.current?.removeAttribute("aria-current");
    this.current = found;
    found?.setAttribute("aria-current", "true");
    if (found && !this.list.matches(":hover, :focus-within")) this.bring(found);
  }

  /** Moves the list, never the page. */
  private bring(line: HTMLElement): void {
    const top = line.offsetTop - this.list.offsetTop;
    if (top < this.list.scrollTop || top + line.offsetHeight > this.list.scrollTop + this.list.clientHeight) this.list.scrollTop = top - this.list.clientHeight / 3;
  }
}
