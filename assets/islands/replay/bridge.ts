// How the player and the page around it talk. Both are ours and of one origin; whoever else sends a message is not listened to.

export type FromPlayer = { replay: "time"; at_ms: number };
export type ToPlayer = { replay: "seek"; at_ms: number } | { replay: "toggle" };

/** How far a key or button goes, in ms. */
export const STEP = 5_000;

/** Calls `heard` for what `from` says. What it gets is of the right origin and window, but may have any shape. */
export function listen(from: () => Window | null | undefined, heard: (said: Record<string, unknown>) => void): void {
  addEventListener("message", (event) => {
    if (event.origin !== location.origin || event.source !== from()) return;
    if (typeof event.data === "object" && event.data !== null && "replay" in event.data) heard(event.data);
  });
}

export function tell(to: Window | null | undefined, words: FromPlayer | ToPlayer): void {
  to?.postMessage(words, location.origin);
}

export function moment(said: Record<string, unknown>): number | undefined {
  return typeof said.at_ms === "number" && Number.isFinite(said.at_ms) ? said.at_ms : undefined;
}

/** `1:05`, `1:02:05`. */
export function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const two = (value: number) => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const rest = `${hours > 0 ? two(Math.floor(seconds / 60) % 60) : Math.floor(seconds / 60)}:${two(seconds % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}
