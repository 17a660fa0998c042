// What the server holds of a recording: a table of its parts, and the parts themselves, fetched when they are needed.

export interface Part {
  /** Numbers of its first and last segment. */
  name: string;
  from_ms: number;
  to_ms: number;
  bytes: number;
  snapshot: boolean;
}

export interface Timeline {
  started_at: number;
  duration_ms: number;
  parts: Part[];
}

/** An event as the recorder wrote it; `data` belongs to the player's library. */
export interface RecordedEvent {
  type: number;
  timestamp: number;
  data: unknown;
}

/** Events that belong together, in order; `from` is where they can be gone back to. */
export interface Run {
  events: RecordedEvent[];
  until: number;
  from: number;
}

const META = 4;
const SNAPSHOT = 2;
/** Fetched parts that are kept for going back, as the server measures them. */
const KEPT_BYTES = 48 << 20;
/** A part that has not come by then is given up; it may have waited for others. */
const PATIENCE = 60_000;

export class Recording {
  startedAt = 0;
  length = 1;
  /** In the order of time. Another list once more has come. */
  parts: Part[] = [];
  private readonly held = new Map<string, { bytes: number; events: Promise<RecordedEvent[]> }>();

  private constructor(private readonly source: string) {}

  static async open(source: string): Promise<Recording> {
    const recording = new Recording(source);
    await recording.grow();
    return recording;
  }

  /** Reads the table again, as the visitor may still be there; says whether more has come. */
  async grow(): Promise<boolean> {
    const { started_at, duration_ms, parts } = (await json(`${this.source}/timeline.json`)) as Timeline;
    const sorted = [...parts].sort((a, b) => a.from_ms - b.from_ms);
    const end = sorted.reduce((last, part) => Math.max(last, part.to_ms), Math.max(duration_ms, 1));
    // What was only packed anew is no more than before.
    if (this.parts.length > 0 && end <= this.length) return false;
    // What is held was placed by the old start.
    if (started_at !== this.startedAt) this.held.clear();
    this.startedAt = started_at;
    this.length = end;
    this.parts = sorted;
    return true;
  }

  /** The part a moment lies in: the last that begins before it. */
  at(ms: number): number {
    let found = 0;
    while (found + 1 < this.parts.length && this.parts[found + 1].from_ms <= ms) found += 1;
    return found;
  }

  /** Begins to fetch what will be wanted soon. */
  warm(first: number, count: number): void {
    for (let index = first; index < Math.min(first + count, this.parts.length); index += 1) this.events(index).catch(() => {});
  }

  /** The events of a part, in order. A part that could not be fetched is asked for anew the next time. */
  events(index: number): Promise<RecordedEvent[]> {
    const part = this.parts[index];
    const known = this.held.get(key(part));
    if (known) return known.events;
    const events = json(`${this.source}/parts/${part.name}`).then((events) => this.placed(events as RecordedEvent[]));
    this.held.set(key(part), { bytes: part.bytes, events });
    events.catch(() => this.held.delete(key(part)));
    return events;
  }

  /**
   * All that has to be known to draw a moment: from the last snapshot before it, to the end of its part. Where the beginning was lost,
   * to the end of the part that holds the first snapshot.
   */
  async run(ms: number): Promise<Run> {
    let until = this.at(ms);
    let from = this.snapshotBefore(until);
    for (;;) {
      const events = (await Promise.all(this.parts.slice(from, until + 1).map((_, step) => this.events(from + step)))).flat();
      events.sort((a, b) => a.timestamp - b.timestamp);
      const begin = beginning(events, this.startedAt + ms);
      const later = from > 0 || events.some((event) => event.type === SNAPSHOT) ? -1 : this.parts.findIndex((part, index) => index > until && part.snapshot);
      if (later >= 0) {
        until = later;
      } else if (begin >= 0 || from === 0) {
        this.forget(from, until);
        return { events: events.slice(Math.max(begin, 0)), until, from: begin >= 0 ? Math.max(0, events[begin].timestamp - this.startedAt) : 0 };
      } else {
        from = this.snapshotBefore(from - 1);
      }
    }
  }

  private snapshotBefore(index: number): number {
    while (index > 0 && !this.parts[index].snapshot) index -= 1;
    return index;
  }

  /**
   * In whole milliseconds from the start on: an event from before it (a clock that was set) would move all others. A page begins when its
   * snapshot was begun, which the event before it tells: taking one lasts up to some hundred ms, and nothing happens meanwhile.
   */
  private placed(events: RecordedEvent[]): RecordedEvent[] {
    let begun: number | undefined;
    for (const event of events) {
      event.timestamp = Math.max(Math.floor(event.timestamp), this.startedAt);
      if (event.type === META) begun = event.timestamp;
      if (event.type !== SNAPSHOT) continue;
      event.timestamp = begun ?? event.timestamp;
      begun = undefined;
    }
    return events.sort((a, b) => a.timestamp - b.timestamp);
  }

  private forget(from: number, until: number): void {
    const wanted = new Set(this.parts.slice(from, until + 1).map(key));
    let all = [...this.held.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    for (const [name, { bytes }] of this.held) {
      if (all <= KEPT_BYTES) return;
      if (wanted.has(name)) continue;
      all -= bytes;
      this.held.delete(name);
    }
  }
}

/** A part that got a late segment has the same name and is another. */
function key(part: Part): string {
  return `${part.name}:${part.bytes}`;
}

/** Where the picture of `moment` begins: the last snapshot before it, with the size of the window that stands before that. */
function beginning(events: RecordedEvent[], moment: number): number {
  let found = -1;
  for (let index = 0; index < events.length && events[index].timestamp <= moment; index += 1) if (events[index].type === SNAPSHOT) found = index;
  if (found < 0) return -1;
  const meta = found - 1;
  return meta >= 0 && events[meta].type === META ? meta : found;
}

async function json(address: string): Promise<unknown> {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), PATIENCE);
  try {
    const answer = await fetch(address, { credentials: "same-origin", signal: patience.signal });
    if (!answer.ok) throw new Error(`${address} answered ${answer.status}`);
    return await answer.json();
  } finally {
    clearTimeout(timer);
  }
}
