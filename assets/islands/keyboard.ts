// Keys: `/` search, `g` + letter for the navigation, `j` `k` through rows, `?` help. Never while somebody types.

const GO_WAIT = 1_200;

export function keyboard(): void {
  let goUntil = 0;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target as Element)) return;
    if (document.querySelector("dialog[open]")) return;
    const isGoing = Date.now() < goUntil;
    goUntil = 0;
    if (isGoing) {
      const link = document.querySelector<HTMLAnchorElement>(`.side a[data-key="${CSS.escape(event.key)}"]`);
      if (link) return done(event, () => link.click());
    }
    if (event.key === "g") goUntil = Date.now() + GO_WAIT;
    else if (event.key === "/") done(event, () => document.querySelector<HTMLInputElement>("[data-search]")?.select());
    else if (event.key === "?") done(event, help);
    else if (event.key === "j") done(event, () => move(1));
    else if (event.key === "k") done(event, () => move(-1));
  });
  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-help]")) {
    button.hidden = false;
    button.addEventListener("click", help);
  }
}

function done(event: Event, act: () => void): void {
  event.preventDefault();
  act();
}

function isTyping(element: Element | null): boolean {
  return element?.matches('input:not([type="checkbox"], [type="radio"]), textarea, select, [contenteditable]') ?? false;
}

/** The first link of each row is its stop. */
function move(step: number): void {
  const stops = [...document.querySelectorAll("[data-row]")].map((row) => row.querySelector<HTMLElement>("a, button, summary"));
  const known = stops.filter((stop) => stop !== null);
  const row = document.activeElement?.closest("[data-row]");
  const at = known.findIndex((stop) => row?.contains(stop));
  known[at < 0 ? (step > 0 ? 0 : known.length - 1) : Math.min(known.length - 1, Math.max(0, at + step))]?.focus();
}

function help(): void {
  let dialog = document.querySelector<HTMLDialogElement>("dialog.keys");
  if (!dialog) {
    dialog = document.createElement("dialog");
    dialog.className = "keys";
    dialog.setAttribute("aria-label", "Keyboard");
    dialog.append(head(dialog), list());
    document.body.append(dialog);
  }
  dialog.showModal();
}

function head(dialog: HTMLDialogElement): HTMLElement {
  const head = document.createElement("header");
  const title = document.createElement("h2");
  title.textContent = "Keyboard";
  const close = document.createElement("button");
  close.className = "button quiet";
  close.textContent = "Close";
  close.addEventListener("click", () => dialog.close());
  head.append(title, close);
  return head;
}

function list(): HTMLElement {
  const list = document.createElement("dl");
  const add = (what: string, ...keys: string[]) => {
    const term = document.createElement("dt");
    term.textContent = what;
    const value = document.createElement("dd");
    keys.forEach((key, position) => {
      const cap = document.createElement("kbd");
      cap.textContent = key;
      value.append(position ? " " : "", cap);
    });
    list.append(term, value);
  };
  add("Search", "/");
  add("Next row, row before", "j", "k");
  for (const link of document.querySelectorAll<HTMLElement>(".side a[data-key]")) {
    add(link.querySelector("span")?.textContent ?? "", "g", link.dataset.key!);
  }
  add("This help", "?");
  return list;
}
