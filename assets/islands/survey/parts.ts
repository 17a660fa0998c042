// Elements with what they are given, and the words of the form: English, unless the page's script element has its own.

export interface Words {
  label: string;
  close: string;
  send: string;
  failed: string;
  low: (kind: string) => string;
  high: (kind: string) => string;
}

export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  given: Partial<HTMLElementTagNameMap[Name]>,
  ...children: HTMLElement[]
): HTMLElementTagNameMap[Name] {
  const { ariaLabel, ...rest } = given;
  const element = Object.assign(document.createElement(name), rest);
  // As an attribute: not every browser knows the property.
  if (ariaLabel) element.setAttribute("aria-label", ariaLabel);
  element.append(...children);
  return element;
}

/** `data-label`, `data-close`, `data-send`, `data-failed`, `data-low`, `data-high`. */
export function wordsOf(set: DOMStringMap): Words {
  return {
    label: set.label ?? "Your opinion",
    close: set.close ?? "Close",
    send: set.send ?? "Send",
    failed: set.failed ?? "That did not arrive. Please try again.",
    low: (kind) => set.low ?? (kind === "nps" ? "not at all likely" : "very dissatisfied"),
    high: (kind) => set.high ?? (kind === "nps" ? "extremely likely" : "very satisfied"),
  };
}
