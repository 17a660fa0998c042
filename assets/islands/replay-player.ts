/*!
The player is made of @sentry-internal/rrweb-player 2.41.0 and what it contains: rrweb, rrweb-snapshot, rrdom, rrweb-packer, mitt, fflate,
base64-arraybuffer, @xstate/fsm, Svelte. All of them are under the MIT License:

Copyright (c) 2018 Contributors (https://github.com/rrweb-io/rrweb/graphs/contributors) and SmartX Inc.
Copyright (c) 2023 Functional Software, Inc. dba Sentry
Copyright (c) 2016-2023 Svelte contributors
Copyright (c) 2021 Jason Miller
Copyright (c) 2020 Arjun Barrett
Copyright (c) 2015 David Khourshid
Copyright (c) 2012 Niklas von Hertzen

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the
"Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish,
distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to
the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF
MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY
CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE
SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
*/
// The script of the player's own document: buttons, keys, seek bar. The document says where the recording is and where to begin.

import { Bar } from "./replay/bar";
import { STEP, clock, listen, moment, tell } from "./replay/bridge";
import { Recording } from "./replay/recording";
import { Stage } from "./replay/stage";
import { applyTheme } from "./theme";

const SPEEDS = [1, 2, 4, 8];
/** How often a recording of which nothing is there yet is asked for. */
const AGAIN = 5_000;

applyTheme();
// The page around has the switch of colours.
addEventListener("storage", applyTheme);
document.addEventListener("DOMContentLoaded", () => void start());

function part<T extends HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

async function start(): Promise<void> {
  const { source, at } = part("player").dataset;
  const fail = (sentence: string) => {
    part("said").textContent = sentence;
    document.documentElement.dataset.state = "failed";
  };
  try {
    const recording = await Recording.open(source!);
    while (recording.parts.length === 0) {
      fail("Nothing of this recording has arrived yet. It comes in while the visitor's page is open.");
      await new Promise((done) => setTimeout(done, AGAIN));
      await recording.grow();
    }
    delete document.documentElement.dataset.state;
    const stage = new Stage(part("stage"), recording, () => draw());
    const draw = controls(stage, recording);
    listenTo(stage);
    await stage.show(Number(at) || 0);
    setInterval(() => (stage.tick(), draw()), 100);
    // What is drawn is seen with the next frame.
    requestAnimationFrame(() => requestAnimationFrame(ready));
  } catch {
    fail("The recording could not be loaded. It may have been deleted, or you are signed out.");
  }
}

function ready(): void {
  performance.mark("first-frame");
  document.documentElement.dataset.state = "ready";
}

/** Connects the controls; gives the function that shows the state on them. */
function controls(stage: Stage, recording: Recording): () => void {
  const [play, time, speed, skip, said] = [part<HTMLButtonElement>("play"), part("clock"), part<HTMLSelectElement>("speed"), part<HTMLInputElement>("skip"), part("said")];
  const go = (ms: number) => void stage.show(ms);
  const bar = new Bar(go);
  stage.skipsInactivity = skip.checked;
  for (const control of document.querySelectorAll<HTMLButtonElement>("[disabled]")) control.disabled = false;
  play.addEventListener("click", () => toggle(stage));
  part("back").addEventListener("click", () => go(stage.now - STEP));
  part("forward").addEventListener("click", () => go(stage.now + STEP));
  speed.addEventListener("change", () => stage.setSpeed(Number(speed.value)));
  skip.addEventListener("change", () => stage.setSkipping(skip.checked));
  part("wide").addEventListener("click", () => void (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()));
  let told = -1;
  return () => {
    const now = stage.now;
    play.setAttribute("aria-label", stage.isPlaying ? "Pause" : "Play");
    play.dataset.playing = String(stage.isPlaying);
    bar.show(now, recording.length, `${clock(now)} of ${clock(recording.length)}`);
    time.textContent = `${clock(now)} / ${clock(recording.length)}`;
    speed.value = String(stage.speed);
    said.textContent = stage.problem || (stage.isWaiting ? "Loading…" : stage.isSkipping && stage.isPlaying ? "Skipping inactivity" : "");
    document.documentElement.classList.toggle("has-problem", stage.problem !== "");
    // The picture that still stands is not of this moment.
    document.documentElement.classList.toggle("is-late", stage.isWaiting);
    const second = Math.floor(now / 250);
    if (parent !== window && second !== told) tell(parent, { replay: "time", at_ms: Math.floor(now) });
    told = second;
  };
}

function toggle(stage: Stage): void {
  if (stage.isPlaying) stage.pause();
  else stage.play();
}

/** Connects what is no control: keys, the page around, and whether anybody can see it. */
function listenTo(stage: Stage): void {
  const step = (ms: number) => () => void stage.show(stage.now + ms);
  const faster = (step: number) => () => {
    const at = SPEEDS.indexOf(stage.speed) + step;
    if (at >= 0 && at < SPEEDS.length) stage.setSpeed(SPEEDS[at]);
  };
  const acts = { toggle: () => toggle(stage), back: step(-STEP), forward: step(STEP), slower: faster(-1), faster: faster(1) };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = keys(event, acts);
    if (!act) return;
    event.preventDefault();
    act();
  }, { capture: true });
  // A hidden page gets no frames, and the library would go on by all the time that passed without them.
  let isLeft = false;
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && isLeft) stage.play();
    isLeft = document.hidden && stage.isPlaying;
    if (isLeft) stage.pause();
  });
  if (parent === window) return;
  listen(() => parent, (words) => {
    const at = moment(words);
    if (words.replay === "seek" && at !== undefined) void stage.show(at);
    if (words.replay === "toggle") toggle(stage);
  });
}

interface Acts {
  toggle(): void;
  back(): void;
  forward(): void;
  slower(): void;
  faster(): void;
}

/** Space belongs to the button, box or list that has the focus; arrows to the list of speeds. */
function keys(event: KeyboardEvent, acts: Acts): (() => void) | undefined {
  const focus = event.target as Element;
  if (event.key === " ") return focus.matches("button, select, input[type=checkbox], a") ? undefined : acts.toggle;
  if (event.key === "<") return acts.slower;
  if (event.key === ">") return acts.faster;
  if (focus.matches("select")) return undefined;
  // Up and down would move the bar by a millisecond.
  if (["ArrowLeft", "ArrowDown"].includes(event.key)) return acts.back;
  return ["ArrowRight", "ArrowUp"].includes(event.key) ? acts.forward : undefined;
}
