// Live updates: when one of the page's topics changes, the page is fetched again and what differs is put in place.
// The server draws everything; there is no second way to render a thing.

type Enhance = (root: ParentNode) => void;

/** What the server last wrote for each live piece, to compare with: the page itself has been enhanced since. */
const written = new Map<string, string>();
const QUIET = 300;
const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 30_000;

export function live(enhance: Enhance): void {
  const topics = document.body.dataset.topics;
  if (!topics || !window.EventSource) return;
  for (const piece of pieces(document)) written.set(piece.id, piece.outerHTML);
  const mark = document.querySelector<HTMLElement>("[data-live-mark]");
  let source: EventSource | undefined;
  let timer = 0;
  let wait = FIRST_WAIT;
  let isStale = false;

  const tell = (state: "live" | "away") => {
    if (!mark) return;
    mark.hidden = false;
    mark.dataset.state = state;
    mark.textContent = state === "live" ? "Live" : "Reconnecting…";
  };
  const changed = () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => void refresh(enhance), QUIET);
  };
  const open = () => {
    source?.close();
    source = new EventSource("/live?topics=" + encodeURIComponent(topics));
    source.onopen = () => {
      tell("live");
      wait = FIRST_WAIT;
      if (isStale) changed(); // Something may have happened while nobody listened.
      isStale = false;
    };
    source.onmessage = changed;
    for (const topic of topics.split(",")) source.addEventListener(topic, changed);
    source.onerror = () => {
      // The browser's own reconnecting knows no backoff, and gives up for good on some answers.
      source?.close();
      isStale = true;
      tell("away");
      window.setTimeout(() => document.hidden || open(), wait * (0.8 + Math.random() * 0.4));
      wait = Math.min(wait * 2, LONGEST_WAIT);
    };
  };
  // A page nobody looks at gives its connection back: browsers allow six to a host.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      source?.close();
      isStale = true;
    } else {
      open();
    }
  });
  window.addEventListener("pagehide", () => source?.close());
  if (!document.hidden) open();
}

function pieces(root: ParentNode): HTMLElement[] {
  return [...root.querySelectorAll<HTMLElement>("[data-live][id]")].filter((piece) => !piece.parentElement?.closest("[data-live]"));
}

async function refresh(enhance: Enhance): Promise<void> {
  const answer = await fetch(location.href, { headers: { accept: "text/html" }, cache: "no-store" }).catch(() => undefined);
  // Signed out, or an error page: the page at hand is worth more.
  if (!answer?.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const piece of pieces(fresh)) {
    const html = piece.outerHTML;
    const old = document.getElementById(piece.id);
    if (!old || written.get(piece.id) === html || isBusy(old)) continue;
    written.set(piece.id, html);
    swap(old, document.importNode(piece, true), enhance);
  }
}

/** Never takes away what somebody is typing or has ticked, or a question that waits for its answer. */
function isBusy(piece: HTMLElement): boolean {
  const at = document.activeElement;
  const isTyping = at !== null && piece.contains(at) && at.matches("input, textarea, select");
  const boxes = [...piece.querySelectorAll<HTMLInputElement>('input[type="checkbox"]')];
  const hasTicked = boxes.some((box) => box.checked !== box.defaultChecked);
  return isTyping || hasTicked || piece.querySelector(".confirm[open]") !== null;
}

function swap(old: HTMLElement, fresh: HTMLElement, enhance: Enhance): void {
  const at = document.activeElement;
  const path = at && old.contains(at) ? pathTo(old, at) : undefined;
  const opened = [...old.querySelectorAll("details[open]")].map((details) => pathTo(old, details));
  old.replaceWith(fresh);
  for (const way of opened) {
    const details = follow(fresh, way);
    if (details instanceof HTMLDetailsElement) details.open = true;
  }
  enhance(fresh);
  const focused = path && follow(fresh, path);
  if (focused instanceof HTMLElement || focused instanceof SVGElement) focused.focus({ preventScroll: true });
}

function pathTo(root: Element, element: Element): number[] {
  const path: number[] = [];
  for (let at = element; at !== root; at = at.parentElement!) path.unshift([...at.parentElement!.children].indexOf(at));
  return path;
}

function follow(root: Element, path: number[]): Element | undefined {
  let at: Element | undefined = root;
  for (const step of path) at = at?.children[step];
  return at;
}
