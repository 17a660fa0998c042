// The picture: the library that draws a recording, fed with parts as they are needed, told where to go.
//
// The library takes the first and last event for the ends of the recording. Two events of ours stand there, so that moments count from
// the start of the whole and the end is the end, however little is loaded.

import Player from "@sentry-internal/rrweb-player";
import type { RecordedEvent, Recording, Run } from "./recording";

const CUSTOM = 5;
/** How far ahead of the moment the events are there, in ms of the recording at single speed. */
const AHEAD = 20_000;
const PARALLEL = 3;
const FRAME_LABEL = "Recording of the visitor's page";
const SNAPSHOT = 2;
const NOT_LOADED = "The next part of the recording could not be loaded. Play tries again.";
const NO_PICTURE = "How this page looked was lost on its way: the browser left it before the recorder had sent it. The lists beside it hold what is known.";

/** What the library gives us; its own types name a framework that is not installed. */
interface Library {
  $set(size: { width: number; height: number }): void;
  $destroy(): void;
  triggerResize(): void;
  getReplayer(): {
    iframe: HTMLIFrameElement;
    wrapper: HTMLElement;
    play(ms: number): void;
    pause(ms?: number): void;
    getCurrentTime(): number;
    setConfig(config: { speed?: number; skipInactive?: boolean }): void;
    addEvent(event: RecordedEvent): void;
    on(name: string, listener: () => void): void;
  };
}

export class Stage {
  isPlaying = false;
  isWaiting = false;
  isSkipping = false;
  /** Why nothing is shown now; empty: something is. */
  problem = "";
  speed = 1;
  skipsInactivity = true;
  private library?: Library;
  /** Where the loaded run begins, and the last part of it. */
  private from = 0;
  private until = -1;
  private isFeeding = false;
  private turn = 0;
  private ended = false;
  private last = 0;

  constructor(private readonly place: HTMLElement, private readonly recording: Recording, private readonly changed: () => void) {
    new ResizeObserver(() => this.resize()).observe(place);
  }

  get now(): number {
    if (this.ended) return this.recording.length;
    const now = this.library && !this.isWaiting ? this.library.getReplayer().getCurrentTime() : this.last;
    return Math.min(Math.max(now, 0), this.recording.length);
  }

  /** Shows a moment; goes on from there when it plays. */
  async show(ms: number): Promise<void> {
    const moment = Math.min(Math.max(ms, 0), this.recording.length);
    const turn = (this.turn += 1);
    this.ended = false;
    this.problem = "";
    this.last = moment;
    if (this.library && moment >= this.from && this.recording.at(moment) <= this.until) {
      this.isWaiting = false;
      this.go(moment);
      return;
    }
    this.isWaiting = true;
    this.library?.getReplayer().pause();
    this.changed();
    try {
      const run = await this.recording.run(moment);
      // Somebody went elsewhere while this was on its way.
      if (turn !== this.turn) return;
      if (!run.events.some((event) => event.type === SNAPSHOT)) return this.fail(NO_PICTURE);
      const drawn = this.build(run);
      this.isWaiting = false;
      this.go(moment);
      await drawn;
    } catch {
      if (turn === this.turn) this.fail(NOT_LOADED);
    }
  }

  play(): void {
    this.isPlaying = true;
    if (this.ended || this.problem) void this.show(this.ended ? 0 : this.last);
    else if (this.library && !this.isWaiting) this.go(this.now);
    this.changed();
  }

  pause(): void {
    this.isPlaying = false;
    this.last = this.now;
    this.library?.getReplayer().pause();
    this.changed();
  }

  setSpeed(speed: number): void {
    this.speed = speed;
    this.library?.getReplayer().setConfig({ speed });
    this.changed();
  }

  setSkipping(isOn: boolean): void {
    this.skipsInactivity = isOn;
    this.library?.getReplayer().setConfig({ skipInactive: isOn });
    this.changed();
  }

  /** Called again and again: fetches what comes next, and waits for it where it is late. */
  tick(): void {
    const next = this.recording.parts[this.until + 1];
    if (!this.library || !next || this.until < 0) return;
    if (this.isPlaying && !this.isWaiting && !this.problem && this.now >= next.from_ms) this.wait();
    const loaded = this.recording.parts[this.until].to_ms;
    if (this.isWaiting || loaded - this.now < AHEAD * this.speed) void this.feed();
  }

  private wait(): void {
    this.last = this.now;
    this.isWaiting = true;
    this.library?.getReplayer().pause();
    this.changed();
  }

  private async feed(): Promise<void> {
    if (this.isFeeding) return;
    this.isFeeding = true;
    const turn = this.turn;
    try {
      const next = this.until + 1;
      this.recording.warm(next, PARALLEL);
      const events = await this.recording.events(next);
      if (turn !== this.turn || next !== this.until + 1) return;
      for (const event of events) this.library?.getReplayer().addEvent(event);
      this.until = next;
      this.problem = "";
      // The library takes them in at the end of this turn of the browser.
      await Promise.resolve();
      if (this.isWaiting && turn === this.turn) {
        this.isWaiting = false;
        this.go(this.last);
      }
    } catch {
      if (this.isWaiting) this.fail(NOT_LOADED);
      // Not asked for again at once: the server may be away.
      await new Promise((done) => setTimeout(done, 2_000));
    } finally {
      this.isFeeding = false;
    }
  }

  private go(moment: number): void {
    const replayer = this.library?.getReplayer();
    if (!replayer) return;
    if (this.isPlaying) replayer.play(moment);
    else replayer.pause(moment);
    this.changed();
  }

  /** Ends when the first picture stands. */
  private build({ events, until, from }: Run): Promise<void> {
    this.library?.$destroy();
    this.place.replaceChildren();
    const { startedAt, length } = this.recording;
    const edge = (timestamp: number): RecordedEvent => ({ type: CUSTOM, timestamp, data: { tag: "edge", payload: {} } });
    const whole = [edge(startedAt), ...events, edge(startedAt + length)];
    // UNSAFE_replayCanvas is never set: it would let the recorded page run scripts in this origin.
    const props = {
      events: whole, ...this.size(), maxScale: 1, showController: false, autoPlay: false, speed: this.speed, speedOption: [this.speed],
      skipInactive: this.skipsInactivity, triggerFocus: false, showWarning: false, unpackFn: (event: unknown) => event,
      mouseTail: { strokeStyle: "#4562e0", lineWidth: 2, duration: 400 },
    };
    this.library = new (Player as unknown as new (options: object) => Library)({ target: this.place, props });
    this.from = from;
    this.until = until;
    const replayer = this.library.getReplayer();
    replayer.iframe.title = FRAME_LABEL;
    // Nobody is to tab into the recorded page, nor to be read it as if it were this one.
    replayer.wrapper.setAttribute("inert", "");
    replayer.on("finish", () => this.finish());
    replayer.on("skip-start", () => this.skipping(true));
    replayer.on("skip-end", () => this.skipping(false));
    return new Promise((done) => replayer.on("fullsnapshot-rebuilded", done));
  }

  private fail(problem: string): void {
    this.problem = problem;
    this.isPlaying = false;
    this.changed();
  }

  private finish(): void {
    if (this.until < this.recording.parts.length - 1) return;
    this.ended = true;
    this.isPlaying = false;
    this.isSkipping = false;
    this.changed();
  }

  private skipping(isOn: boolean): void {
    this.isSkipping = isOn;
    this.changed();
  }

  private size(): { width: number; height: number } {
    return { width: Math.max(this.place.clientWidth, 1), height: Math.max(this.place.clientHeight, 1) };
  }

  private resize(): void {
    if (!this.library) return;
    this.library.$set(this.size());
    this.library.triggerResize();
  }
}
