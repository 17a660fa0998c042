// Forms that are on their way, and menus that close when one looks elsewhere.

export function forms(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    if (form.method !== "post") return;
    if (form.ariaBusy === "true") return event.preventDefault();
    form.ariaBusy = "true";
    const button = (event as SubmitEvent).submitter as HTMLButtonElement | null;
    if (!button) return;
    // Not before the browser has taken the form: a disabled button would not send its own name.
    setTimeout(() => {
      button.setAttribute("aria-busy", "true");
      button.dataset.label = button.textContent ?? "";
      if (button.classList.contains("button")) button.textContent = form.dataset.busy ?? "Saving…";
    });
  });
  // Coming back by the browser's button shows the page as it was left.
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll<HTMLFormElement>('form[aria-busy="true"]')) {
      form.ariaBusy = null;
      for (const button of form.querySelectorAll<HTMLButtonElement>('button[aria-busy="true"]')) {
        button.removeAttribute("aria-busy");
        button.textContent = button.dataset.label ?? button.textContent;
      }
    }
  });
}

export function menus(): void {
  const openMenus = () => document.querySelectorAll<HTMLDetailsElement>("details.menu[open], details.confirm[open]");
  document.addEventListener("pointerdown", (event) => {
    for (const menu of openMenus()) if (!menu.contains(event.target as Node)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of openMenus()) {
      menu.open = false;
      menu.querySelector("summary")?.focus();
    }
  });
}
