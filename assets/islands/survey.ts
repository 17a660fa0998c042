// A question in the corner of somebody else's page: a score, a word about it, thanks. Served as `/survey.js`;
// `<script defer src="https://HOST/survey.js" data-key="KEY" data-survey="ID" data-user="USER-ID"></script>`. Its look and the page's
// keep out of each other's way: it lives in a shadow root.

import { LOOK } from "./survey/look";
import { make, wordsOf, type Words } from "./survey/parts";

interface Survey {
  kind: "nps" | "csat";
  question: string;
  follow_up: string;
  thanks: string;
}

interface Place {
  key: string;
  survey: string;
  user: string;
  address: string;
  /** Where it is remembered that this visitor has seen enough of it. */
  memory: string;
  words: Words;
}

start(document.currentScript as HTMLScriptElement | null);

function start(script: HTMLScriptElement | null): void {
  const { key, survey, user, host } = script?.dataset ?? {};
  if (!script || !key || !survey) return;
  try {
    const origin = (host ?? new URL(script.src).origin).replace(/\/$/, "");
    const address = `${origin}/api/engagement/surveys/${encodeURIComponent(survey)}`;
    const place = { key, survey, user: user ?? "", address, memory: `hermetic-survey-${survey}`, words: wordsOf(script.dataset) };
    void ask(place).catch(() => undefined);
  } catch {
    // Nobody is asked, and the page goes on.
  }
}

async function ask(place: Place): Promise<void> {
  if (recall(place.memory)) return;
  const answer = await fetch(place.address, { credentials: "omit" });
  if (answer.ok) show(place, (await answer.json()) as Survey);
}

function recall(memory: string): string | null {
  try {
    return localStorage.getItem(memory);
  } catch {
    return null;
  }
}

function remember(memory: string): void {
  try {
    localStorage.setItem(memory, "1");
  } catch {
    // Then it asks again another time.
  }
}

/** The id that `/t.js` gave this visitor, if it did. */
function visitor(): string {
  try {
    return String((JSON.parse(recall("hermetic") ?? "{}") as { v?: unknown }).v ?? "");
  } catch {
    return "";
  }
}

function show(place: Place, survey: Survey): void {
  const holder = make("div", {});
  const root = holder.attachShadow({ mode: "open" });
  dress(root);
  const close = make("button", { type: "button", className: "close", ariaLabel: place.words.close });
  const form = make("form", {}, scale(place, survey));
  const box = make("section", { ariaLabel: place.words.label }, close, form);
  const leave = () => {
    remember(place.memory);
    holder.remove();
  };
  close.addEventListener("click", leave);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") leave();
    // The keys of a page, such as those of a player, are not meant by somebody who types here.
    event.stopPropagation();
  });
  complete(form, place, survey);
  root.append(box);
  document.body.append(holder);
}

/** A page's policy may forbid styles in its elements; sheets that a script hands over are not asked about. */
function dress(root: ShadowRoot): void {
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(LOOK);
    root.adoptedStyleSheets = [sheet];
  } catch {
    root.append(make("style", { textContent: LOOK }));
  }
}

/** Radio buttons: the arrow keys choose, and a screen reader says which of how many. */
function scale(place: Place, survey: Survey): HTMLElement {
  const [first, last] = survey.kind === "nps" ? [0, 10] : [1, 5];
  const choices = make("div", { className: "scores" });
  for (let score = first; score <= last; score += 1) {
    const radio = make("input", { type: "radio", name: "score", value: String(score), required: true });
    choices.append(make("label", {}, radio, make("span", { textContent: String(score) })));
  }
  const ends = make("p", { className: "ends" }, make("span", { textContent: `${first}: ${place.words.low(survey.kind)}` }));
  ends.append(make("span", { textContent: `${last}: ${place.words.high(survey.kind)}` }));
  return make("fieldset", {}, make("legend", { textContent: survey.question }), choices, ends);
}

/** What follows is asked once a score is chosen. */
function complete(form: HTMLFormElement, place: Place, survey: Survey): void {
  const comment = make("textarea", { rows: 3, maxLength: 2_000, name: "comment" });
  const send = make("button", { type: "submit", className: "send", textContent: place.words.send });
  const failed = make("p", { className: "failed" });
  failed.setAttribute("role", "alert");
  const more = make("label", { className: "more" }, make("span", { textContent: survey.follow_up }), comment);
  const rest = make("div", { hidden: true }, more, failed, send);
  form.append(rest);
  form.addEventListener("change", () => (rest.hidden = false));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send.disabled = true;
    failed.textContent = "";
    void deliver(form, place).then((isTaken) => {
      send.disabled = false;
      if (isTaken) thank(form, place, survey);
      else failed.textContent = place.words.failed;
    });
  });
}

async function deliver(form: HTMLFormElement, place: Place): Promise<boolean> {
  const given = new FormData(form);
  const [score, comment] = [Number(given.get("score")), String(given.get("comment") ?? "")];
  const body = JSON.stringify({ k: place.key, survey: place.survey, score, comment, u: place.user, v: visitor() });
  try {
    const answer = await fetch(`${place.address}/answers`, { method: "POST", body, credentials: "omit" });
    return answer.ok;
  } catch {
    return false;
  }
}

/** The focus goes along, so that the thanks are read out and the next key does something. */
function thank(form: HTMLFormElement, place: Place, survey: Survey): void {
  remember(place.memory);
  const thanks = make("p", { className: "thanks", textContent: survey.thanks, tabIndex: -1 });
  thanks.setAttribute("role", "status");
  form.replaceWith(thanks);
  thanks.focus();
}
