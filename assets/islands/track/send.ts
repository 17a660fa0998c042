// Sends what was done: in batches, one request at a time, again after a pause when the network or the server fails.

import { uuid, type Ids } from "./who";

export interface Deed {
  t: string;
  n: string;
  p: Record<string, unknown>;
  at: number;
  tr?: Record<string, unknown>;
}

interface Waiting extends Ids {
  /** Written when it was done: what a page changes later is not what it said. */
  json: string;
}

const EVERY = 2_000;
const MANY = 10;
/** Browsers let requests outlive their page only up to 64 KiB in all. */
const BYTES = 60_000;
const QUEUE = 200;
const LONGEST_PAUSE = 60_000;

export class Sender {
  private queue: Waiting[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private flying: Waiting[] = [];
  private isBusy = false;
  private failures = 0;

  constructor(private readonly host: string, private readonly key: string) {
    addEventListener("pagehide", () => this.leave());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.leave();
    });
  }

  add(ids: Ids, deed: Deed): void {
    this.queue.push({ ...ids, json: JSON.stringify({ i: uuid(), ...deed }) });
    while (this.queue.length > QUEUE) this.queue.shift();
    if (this.queue.length >= MANY && this.failures === 0) this.flush();
    else this.later(EVERY);
  }

  flush(): void {
    if (this.isBusy) return;
    this.flying = this.take();
    if (this.flying.length === 0) return;
    this.isBusy = true;
    clearTimeout(this.timer);
    this.timer = undefined;
    const body = this.bodyOf(this.flying);
    void this.post(body).then((pause) => this.landed(pause), () => this.landed(0));
  }

  /** Whoever refuses takes back what has not arrived yet. */
  drop(): void {
    this.queue = [];
    this.flying = [];
  }

  private later(pause: number): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.flush();
    }, pause);
  }

  /** The oldest that fit into one request, all by the same ids. One that fits into none is given up. */
  private take(): Waiting[] {
    const size = (one: Waiting) => new Blob([one.json]).size + 1;
    this.queue = this.queue.filter((one) => size(one) < BYTES - 1_000);
    const first = this.queue[0];
    let room = BYTES - 1_000;
    let count = 0;
    for (const one of this.queue) {
      room -= size(one);
      if (room < 0 || one.v !== first.v || one.u !== first.u) break;
      count += 1;
    }
    return this.queue.splice(0, count);
  }

  private bodyOf(batch: Waiting[]): string {
    const { v, u } = batch[0];
    const head = JSON.stringify({ k: this.key, v, u, s: Date.now() });
    return `${head.slice(0, -1)},"e":[${batch.map((one) => one.json).join(",")}]}`;
  }

  /** `undefined` when it is over with these: taken, or refused for good. Else how long the server wants to be left alone, or 0. */
  private async post(body: string): Promise<number | undefined> {
    const answer = await fetch(`${this.host}/t`, { method: "POST", body, keepalive: true, credentials: "omit" });
    if (answer.status !== 429 && answer.status < 500) return undefined;
    return Number(answer.headers.get("retry-after")) * 1_000 || 0;
  }

  private landed(pause: number | undefined): void {
    const batch = this.flying;
    this.flying = [];
    this.isBusy = false;
    if (pause === undefined) {
      this.failures = 0;
      if (this.queue.length > 0) this.later(this.queue.length >= MANY ? 0 : EVERY);
      return;
    }
    this.queue = [...batch, ...this.queue].slice(-QUEUE);
    this.failures += 1;
    const wait = Math.min(LONGEST_PAUSE, Math.max(pause, EVERY * 2 ** this.failures));
    // Not all at the same moment, when a server comes back.
    this.later(wait * (0.75 + Math.random() / 2));
  }

  /** The page goes. What the browser does not take stays: the page may come back. */
  private leave(): void {
    for (let batch = this.take(); batch.length > 0; batch = this.take()) {
      if (!navigator.sendBeacon?.(`${this.host}/t`, this.bodyOf(batch))) {
        this.queue = [...batch, ...this.queue];
        return;
      }
    }
  }
}
