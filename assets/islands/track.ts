// Tells Hermetic what a page's visitors do. Runs in other people's pages: it needs nothing, throws nothing, and stays small.
// Served as `/t.js`; `<script defer src="https://HOST/t.js" data-key="KEY"></script>` is all a page needs.

import { Sender } from "./track/send";
import { begin, choose, choice, forget, idsOf, keep, refused, type Options } from "./track/who";
import { address, pageOf, watchAddress } from "./track/page";

type Call = (verb: string, ...rest: unknown[]) => void;
type Props = Record<string, unknown>;

declare global {
  interface Window {
    hermetic?: Call & { q?: ArrayLike<unknown>[]; isReady?: boolean };
  }
}

safely(start)();

function start(): void {
  const script = document.currentScript as HTMLScriptElement | null;
  if (!script?.dataset.key || window.hermetic?.isReady) return;
  const options = optionsOf(script);
  begin(options);
  const sender = new Sender(options.host, options.key);
  const call = safely(api(options, sender));
  const waiting = window.hermetic?.q ?? [];
  window.hermetic = Object.assign(call, { isReady: true });
  for (const one of Array.from(waiting)) call(...(Array.from(one) as [string]));
  document.addEventListener("click", (event) => {
    const named = event.target instanceof Element && event.target.closest<HTMLElement>("[data-did]");
    if (named) call("did", named.dataset.did);
  }, true);
  if (!options.isManual) safely(pageViews)(options, sender);
}

function optionsOf(script: HTMLScriptElement): Options {
  const set = script.dataset;
  return {
    key: set.key!,
    host: (set.host ?? new URL(script.src).origin).replace(/\/$/, ""),
    isCookieless: isOn(set.cookieless, false),
    isManual: isOn(set.manual, false),
    hasHash: isOn(set.hash, false),
    respectsDnt: isOn(set.respectDnt, true),
  };
}

/** `data-manual` and `data-manual="true"` say yes, `data-manual="false"` no. */
function isOn(value: string | undefined, usual: boolean): boolean {
  return value === undefined ? usual : value !== "false";
}

function api(options: Options, sender: Sender): Call {
  const tell = teller(options, sender);
  const verbs: Record<string, (...rest: any[]) => void> = {
    did: (name?: unknown, props?: Props) => { if (name && typeof name === "string") tell("did", name, props); },
    page: (props?: Props) => tell("page", "", { ...pageOf(address(options.hasHash)), ...props }),
    who: (user: unknown, traits?: Props) => {
      if (!isName(user)) return;
      const isKnown = idsOf(options).u === String(user);
      keep(options, { u: String(user) });
      if (!isKnown || traits) tell("who", "", undefined, traits);
    },
    reset: () => { sender.flush(); forget(options); },
    optOut: () => { sender.drop(); choose(options, "out"); },
    optIn: () => choose(options, "in"),
  };
  return (verb, ...rest) => verbs[verb]?.(...rest);
}

/** What programs write when they know nobody is nobody. */
function isName(user: unknown): boolean {
  return (typeof user === "number" || typeof user === "string") && !["", "null", "undefined", "NaN"].includes(String(user).trim());
}

function teller(options: Options, sender: Sender) {
  return (t: string, n: string, p?: Props, tr?: Props) => {
    const ids = idsOf(options);
    // Whoever asked not to be followed is told of only under the name the page's own sign-in gave.
    if (choice() === "out" || (refused(options) && !ids.u)) return;
    sender.add(ids, { t, n, p: p ?? {}, at: Date.now(), tr });
  };
}

function pageViews(options: Options, sender: Sender): void {
  const tell = teller(options, sender);
  const view = (path: string, referrer: string) => tell("page", "", pageOf(path, referrer));
  watchAddress(options.hasHash, safely(view));
}

/** A mistake in here, or in what a page hands in, is never the page's. */
function safely<Rest extends unknown[]>(deed: (...rest: Rest) => void): (...rest: Rest) => void {
  return (...rest) => {
    try {
      deed(...rest);
    } catch {
      // Nothing can be done about it here.
    }
  };
}
