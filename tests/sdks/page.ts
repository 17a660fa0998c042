// A page with the real browser SDK, minified by the bundler; what it throws must show this file and the line of the throw.
import * as Sentry from "@sentry/browser";

declare const DSN: string;

Sentry.init({
  dsn: DSN,
  release: "web@5.2.0",
  environment: "production",
  tracesSampleRate: 1,
  integrations: [Sentry.browserTracingIntegration()],
});

class CartError extends Error {}

function checkout(items: number[]): number {
  if (items.length === 0) {
    throw new CartError("the cart is empty");
  }
  return items.reduce((sum, item) => sum + item, 0);
}

document.querySelector("button")?.addEventListener("click", () => {
  checkout([]);
});
