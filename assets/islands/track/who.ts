// By which ids a visitor is known, and what a browser may remember. One entry of localStorage: the visitor's id, the user's, the choice.

export interface Options {
  key: string;
  host: string;
  isCookieless: boolean;
  isManual: boolean;
  hasHash: boolean;
  respectsDnt: boolean;
}

export interface Ids {
  v: string;
  u: string;
}

/** `c`: what the visitor chose, `in` or `out`. */
type Kept = Partial<Ids> & { c?: string };

const PLACE = "hermetic";
let kept: Kept = {};

export function begin(options: Options): void {
  recall(options);
  // Another tab may have signed in, signed out, or refused.
  addEventListener("storage", (event) => {
    if (event.key === PLACE) recall(options);
  });
}

/** Where nothing may be stored, nothing that was stored before is used either: only the choice. */
function recall(options: Options): void {
  const found = read();
  kept = { c: found.c };
  if (mayStore(options)) kept = found;
}

function read(): Kept {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(PLACE) ?? "{}");
    return found && typeof found === "object" ? found : {};
  } catch {
    // Storage is closed to this page, or somebody else wrote there: begin anew.
    return {};
  }
}

function write(): void {
  try {
    localStorage.setItem(PLACE, JSON.stringify(kept));
  } catch {
    // Then it is remembered as long as the page is open.
  }
}

export function choice(): string | undefined {
  return kept.c;
}

/** The browser asks not to be followed, and the visitor did not say otherwise. */
export function refused(options: Options): boolean {
  const asks = navigator as Navigator & { globalPrivacyControl?: boolean };
  return options.respectsDnt && choice() !== "in" && (navigator.doNotTrack === "1" || asks.globalPrivacyControl === true);
}

function mayStore(options: Options): boolean {
  return !options.isCookieless && !refused(options) && choice() !== "out";
}

export function idsOf(options: Options): Ids {
  if (!mayStore(options)) return { v: "", u: kept.u ?? "" };
  if (!kept.v) keep(options, { v: random() });
  return { v: kept.v ?? "", u: kept.u ?? "" };
}

export function keep(options: Options, more: Kept): void {
  kept = { ...kept, ...more };
  if (mayStore(options)) write();
}

/** Who comes next at this browser is somebody else. The choice stays: it is the browser's. */
export function forget(options: Options): void {
  kept = kept.c ? { c: kept.c } : {};
  if (mayStore(options)) write();
}

/** A refusal is the one thing that is stored about somebody who refused. */
export function choose(options: Options, c: "in" | "out"): void {
  kept = c === "out" ? { c } : { ...kept, c };
  if (c === "out" || !options.isCookieless) write();
}

/** 128 bits as 32 digits. */
export function random(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Version 4; `crypto.randomUUID` exists only on pages that came by HTTPS. */
export function uuid(): string {
  return random().replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, "$1-$2-4$3-a$4-$5");
}
