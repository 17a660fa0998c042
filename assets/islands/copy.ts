// Copy buttons. Browsers give the clipboard to secure pages only; elsewhere the text is selected, to be copied by hand.

export function copying(): void {
  document.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLElement>("[data-copy]");
    if (button) void copy(button);
  });
}

async function copy(button: HTMLElement): Promise<void> {
  const isDone = await navigator.clipboard?.writeText(button.dataset.copy!).then(() => true, () => false);
  if (!isDone) select(button);
  say(button, isDone ? "Copied" : "Press Ctrl+C");
}

function select(button: HTMLElement): void {
  const box = button.parentElement?.querySelector<HTMLElement>("input, pre");
  if (box instanceof HTMLInputElement) box.select();
  else if (box) getSelection()?.selectAllChildren(box);
}

function say(button: HTMLElement, text: string): void {
  const before = button.dataset.label ?? button.textContent ?? "";
  button.dataset.label = before;
  button.textContent = text;
  setTimeout(() => (button.textContent = before), 1_600);
}
