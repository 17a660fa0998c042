// Light, dark, or as the system has it. The choice stays in this browser.

const KEY = "hermetic.theme";
const ORDER = ["", "light", "dark"] as const;
const NAMES: Record<string, string> = { "": "Colours: system", light: "Colours: light", dark: "Colours: dark" };

function chosen(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // Storage may be forbidden; then the server's word holds.
  }
}

export function applyTheme(): void {
  const theme = chosen();
  if (theme !== null) set(theme);
}

function set(theme: string): void {
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

export function themeSwitch(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("[data-theme-switch]")) {
    const label = button.querySelector("span")!;
    const current = () => document.documentElement.dataset.theme ?? "";
    const tell = () => (label.textContent = NAMES[current()] ?? NAMES[""]);
    button.hidden = false;
    tell();
    button.addEventListener("click", () => {
      const next = ORDER[(ORDER.indexOf(current() as "") + 1) % ORDER.length];
      set(next);
      try {
        localStorage.setItem(KEY, next);
      } catch {
        // It holds for this page at least.
      }
      tell();
    });
  }
}
