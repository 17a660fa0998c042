// Times in the zone and the language of the browser; "3 min ago" stays true while the page stands.

const STYLES: Record<string, Intl.DateTimeFormatOptions> = {
  full: { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" },
  date: { day: "numeric", month: "short", year: "numeric" },
  clock: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
  "short-clock": { hour: "2-digit", minute: "2-digit" },
  weekday: { weekday: "short", day: "numeric" },
  day: { day: "numeric", month: "short" },
  exact: { dateStyle: "long", timeStyle: "long" },
};
const UNITS: [number, string][] = [[86_400, "d"], [3_600, "h"], [60, "min"], [1, "s"]];
const formats = new Map<string, Intl.DateTimeFormat>();
let isTicking = false;

export function times(root: ParentNode): void {
  for (const element of root.querySelectorAll<HTMLTimeElement>("time[data-moment]")) show(element);
  if (isTicking) return;
  isTicking = true;
  setInterval(() => {
    for (const element of document.querySelectorAll<HTMLTimeElement>('time[data-moment="ago"]')) show(element);
  }, 10_000);
}

export function format(style: string, at: Date): string {
  let known = formats.get(style);
  // The words around stand in English, so do the months; the zone is what is local.
  if (!known) formats.set(style, (known = new Intl.DateTimeFormat("en-GB", STYLES[style])));
  return known.format(at);
}

function show(element: HTMLTimeElement): void {
  const at = new Date(element.dateTime);
  if (Number.isNaN(at.getTime())) return;
  const style = element.dataset.moment!;
  element.textContent = style === "ago" ? ago(at) : style in STYLES ? format(style, at) : element.textContent;
  element.title = format("exact", at);
}

function ago(at: Date): string {
  const seconds = Math.round((Date.now() - at.getTime()) / 1000);
  const size = Math.abs(seconds);
  if (size < 5) return "just now";
  const [unit, name] = UNITS.find(([unit]) => size >= unit)!;
  const span = `${Math.floor(size / unit)} ${name}`;
  return seconds < 0 ? `in ${span}` : `${span} ago`;
}
