// The picture: the library that draws a recording, fed with parts as they are needed, told where to go.
//
// The library takes the first and last event for the ends of the recording. Two events of ours stand there, so that moments count from
// the start of the whole and the end is the end, however little is loaded.

import Player from "@sentry-internal/rrweb-player";
import type { RecordedEvent, Recording, Run } from "./recording";

const CUSTOM = 5;
/** How far ahead of the moment the events are there, in ms of the recording at single speed. */
const AHEAD = 20_000;
const PARALLEL = 2;
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
  /** Before this moment there is no picture in the loaded run. */
  private firstPicture = 0;
  /** The moment that is to be shown once its run is there. */
  private wanted?: number;
  private isSeeking = false;
  /** Counts where one went; what was asked for another turn comes too late. */
  private turn = 0;
  /** The turn for which the next part is on its way. */
  private feeding?: number;
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
    this.turn += 1;
    this.ended = false;
    this.problem = "";
    this.last = Math.min(Math.max(ms, 0), this.recording.length);
    if (this.holds(this.last)) {
      this.wanted = undefined;
      this.isWaiting = false;
      this.go(this.last);
      return;
    }
    this.wanted = this.last;
    this.wait();
    await this.seek();
  }

  play(): void {
    this.isPlaying = true;
    if (this.ended) void this.goOn(() => void this.show(0));
    else if (this.problem) void this.show(this.last);
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
    // The library gives up the skip it is in and says nothing of it; told to play, it looks again.
    this.isSkipping = false;
    if (this.isPlaying && !this.isWaiting) this.go(this.now);
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
    // What comes after the picture that is left is of no use, and would be taken for the one that is wanted.
    if (!this.library || !next || this.until < 0 || this.wanted !== undefined || this.problem) return;
    if (this.isPlaying && !this.isWaiting && this.now >= next.from_ms) {
      this.last = this.now;
      this.wait();
    }
    const loaded = this.recording.parts[this.until].to_ms;
    if (this.isWaiting || loaded - this.now < AHEAD * this.speed) void this.feed();
  }

  /** Whether all that a moment needs is loaded. */
  private holds(moment: number): boolean {
    return this.library !== undefined && moment >= this.from && this.recording.at(moment) <= this.until;
  }

  private wait(): void {
    this.isWaiting = true;
    this.library?.getReplayer().pause();
    this.changed();
  }

  /** Loads what the wanted moment needs. Who drags the bar wants another each frame: the next run is for the last of them. */
  private async seek(): Promise<void> {
    if (this.isSeeking) return;
    this.isSeeking = true;
    while (this.wanted !== undefined) {
      const moment = this.wanted;
      const parts = this.recording.parts;
      try {
        const run = await this.recording.run(moment);
        // Somebody went elsewhere while this was on its way, or the table has changed.
        if (moment === this.wanted && parts === this.recording.parts) this.draw(run, moment);
      } catch {
        if (moment === this.wanted) this.fail(NOT_LOADED);
      }
    }
    this.isSeeking = false;
  }

  private draw(run: Run, moment: number): void {
    const first = run.events.find((event) => event.type === SNAPSHOT);
    if (!first) return this.fail(NO_PICTURE);
    this.build(run);
    this.firstPicture = first.timestamp - this.recording.startedAt;
    this.isWaiting = false;
    this.go(moment);
    this.wanted = undefined;
  }

  private async feed(): Promise<void> {
    const turn = this.turn;
    if (this.feeding === turn) return;
    this.feeding = turn;
    try {
      const next = this.until + 1;
      this.recording.warm(next, PARALLEL);
      const events = await this.recording.events(next);
      if (turn !== this.turn || next !== this.until + 1) return;
      for (const event of events) this.library?.getReplayer().addEvent(event);
      this.until = next;
      // The library takes them in at the end of this turn of the browser.
      await Promise.resolve();
      if (turn !== this.turn || !this.isWaiting || !this.holds(this.last)) return;
      this.isWaiting = false;
      this.go(this.last);
    } catch {
      if (this.isWaiting && turn === this.turn) this.fail(NOT_LOADED);
      // Not asked for again at once: the server may be away.
      await new Promise((done) => setTimeout(done, 2_000));
    } finally {
      if (this.feeding === turn) this.feeding = undefined;
    }
  }

  /**
   * The library draws what lies before the moment it is told, and forgets what lies before the last page that has begun by then. Events
   * stand at whole milliseconds: half of one later, the page that begins at the moment itself is drawn.
   */
  private go(moment: number): void {
    const replayer = this.library?.getReplayer();
    if (!replayer) return;
    const drawn = Math.floor(Math.max(moment, this.firstPicture)) + 0.5;
    if (this.isPlaying) replayer.play(drawn);
    else replayer.pause(drawn);
    this.changed();
  }

  private build({ events, until, from }: Run): void {
    this.library?.$destroy();
    this.place.replaceChildren();
    const { startedAt, length } = this.recording;
    const edge = (timestamp: number): RecordedEvent => ({ type: CUSTOM, timestamp, data: { tag: "edge", payload: {} } });
    const whole = [edge(startedAt), ...events, edge(startedAt + length + 1)];
    // UNSAFE_replayCanvas is never set: it would let the recorded page run scripts in this origin.
    const props = {
      events: whole, ...this.size(), maxScale: 1, showController: false, autoPlay: false, speed: this.speed, speedOption: [this.speed],
      skipInactive: this.skipsInactivity, triggerFocus: false, showWarning: false, unpackFn: (event: unknown) => event,
      mouseTail: { strokeStyle: "#4562e0", lineWidth: 2, duration: 400 },
    };
    const library = new (Player as unknown as new (options: object) => Library)({ target: this.place, props });
    this.library = library;
    this.isSkipping = false;
    this.from = from;
    this.until = until;
    const replayer = library.getReplayer();
    replayer.iframe.title = FRAME_LABEL;
    // Nobody is to tab into the recorded page, nor to be read it as if it were this one.
    replayer.wrapper.setAttribute("inert", "");
    // One that was left may still have something to say.
    const on = (name: string, act: () => void) => replayer.on(name, () => this.library === library && act());
    on("finish", () => this.finish());
    on("skip-start", () => this.skipping(true));
    on("skip-end", () => this.skipping(false));
  }

  private fail(problem: string): void {
    this.problem = problem;
    this.wanted = undefined;
    this.isPlaying = false;
    this.changed();
  }

  private finish(): void {
    if (this.isWaiting || this.until < this.recording.parts.length - 1) return;
    void this.goOn(() => this.end());
  }

  private end(): void {
    this.ended = true;
    this.isPlaying = false;
    this.isSkipping = false;
    this.changed();
  }

  /** At the end of what was known: on into what has come meanwhile, and where nothing has, `otherwise`. */
  private async goOn(otherwise: () => void): Promise<void> {
    const turn = this.turn;
    this.ended = false;
    this.last = this.recording.length;
    this.wait();
    if (await this.recording.grow().catch(() => false)) {
      // What is loaded ends where the recording did, and its last part may be another now.
      this.until = -1;
      await this.show(this.now);
    } else if (turn === this.turn) {
      this.isWaiting = false;
      otherwise();
    }
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
