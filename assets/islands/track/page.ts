// Which page is open: its path and host, where the visitor came from, the campaign. No other value of a query is told.

export function address(hasHash: boolean): string {
  return location.pathname + (hasHash ? location.hash : "");
}

export function pageOf(path: string, referrer = ""): Record<string, string> {
  const found: Record<string, string> = { path, host: location.host, title: document.title.slice(0, 300) };
  if (referrer) found.referrer = referrer;
  new URLSearchParams(location.search).forEach((value, name) => {
    if (/^utm_(source|medium|campaign|term|content)$/.test(name)) found[name] = value.slice(0, 200);
  });
  return found;
}

/** The site that led here, unless it is this one: an address without its path, since a bare host is none that can be read. */
function cameFrom(): string {
  try {
    const { host, origin } = new URL(document.referrer);
    return host === location.host ? "" : origin;
  } catch {
    return "";
  }
}

/** Calls `view` now, and whenever the address changes. A page that is drawn ahead counts once it is looked at. */
export function watchAddress(hasHash: boolean, view: (path: string, referrer: string) => void): void {
  let last: string | undefined;
  const look = () => {
    const path = address(hasHash);
    if (path === last) return;
    const referrer = last === undefined ? cameFrom() : "";
    last = path;
    view(path, referrer);
  };
  // Frameworks set the title right after the address.
  const soon = () => { setTimeout(look, 0); };
  for (const name of ["pushState", "replaceState"] as const) {
    const before = history[name];
    history[name] = function (this: History, ...rest) {
      before.apply(this, rest);
      soon();
    };
  }
  addEventListener("popstate", soon);
  if (hasHash) addEventListener("hashchange", soon);
  const isAhead = (document as Document & { prerendering?: boolean }).prerendering;
  if (isAhead) document.addEventListener("prerenderingchange", look, { once: true });
  else look();
}
