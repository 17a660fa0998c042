// Tooltips of charts. A drawing with `data-tips` can be entered with the Tab key; the arrow keys go from mark to mark.

import { format } from "./times";

let tip: HTMLElement | undefined;
let at: Element | undefined;

export function tips(): void {
  document.addEventListener("pointerover", (event) => {
    const mark = markOf(event.target as Element);
    if (mark) show(mark);
    else hide();
  });
  document.addEventListener("focusin", (event) => {
    const drawing = drawingOf(event.target as Element);
    if (drawing) show(marks(drawing).at(-1));
  });
  document.addEventListener("focusout", hide);
  document.addEventListener("scroll", hide, { passive: true, capture: true });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
    const drawing = drawingOf(document.activeElement);
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!drawing || !step) return;
    event.preventDefault();
    const all = marks(drawing);
    show(all[Math.min(all.length - 1, Math.max(0, all.indexOf(at!) + step))]);
  });
}

/** Only reachable by keys when the keys do something. */
export function reachable(root: ParentNode): void {
  for (const drawing of root.querySelectorAll("svg[data-tips]")) drawing.setAttribute("tabindex", "0");
}

function drawingOf(element: Element | null): Element | null {
  return element?.matches("svg[data-tips]") ? element : null;
}

function marks(drawing: Element): Element[] {
  return [...drawing.children].filter((child) => tipOf(child) !== undefined);
}

function markOf(element: Element): Element | undefined {
  const mark = element.closest("svg[data-tips] > *");
  return mark && tipOf(mark) !== undefined ? mark : undefined;
}

/** The words of a mark. Its `<title>` serves browsers without scripts; here it would show a second tooltip. */
function tipOf(mark: Element): string | undefined {
  const title = mark.querySelector(":scope > title");
  if (title) {
    (mark as SVGElement).dataset.tip = title.textContent ?? "";
    title.remove();
  }
  return (mark as SVGElement).dataset.tip;
}

function show(mark: Element | undefined): void {
  hide();
  if (!mark) return;
  at = mark;
  mark.classList.add("is-at");
  tip = document.createElement("div");
  tip.className = "tip";
  tip.setAttribute("role", "status");
  const moment = (mark as SVGElement).dataset.at;
  if (moment) {
    const head = document.createElement("b");
    head.textContent = format("full", new Date(moment));
    tip.append(head);
  }
  tip.append(tipOf(mark) ?? "");
  document.body.append(tip);
  place(tip, mark.getBoundingClientRect());
}

function place(tip: HTMLElement, box: DOMRect): void {
  const { width, height } = tip.getBoundingClientRect();
  const left = box.left + box.width / 2 - width / 2;
  tip.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`;
  tip.style.top = `${box.top > height + 12 ? box.top - height - 8 : box.bottom + 8}px`;
}

function hide(): void {
  tip?.remove();
  at?.classList.remove("is-at");
  tip = undefined;
}
