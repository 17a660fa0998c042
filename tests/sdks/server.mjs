// A program with the real Node SDK, with what it does when nobody configures more: an HTTP server whose handler throws.
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.SDK_PACKAGES, "package.json"));
const Sentry = require("@sentry/node");
Sentry.init({ dsn: process.env.DSN, release: "api@3.0.1", environment: "staging", tracesSampleRate: 1, enableLogs: true });

const http = require("node:http");
class StockError extends Error {
  name = "StockError";
}
function reserve(item) {
  throw new StockError(`item ${item} is out of stock`);
}
const server = http.createServer((request, response) => {
  try {
    reserve(Number(request.url.split("/").pop()));
  } catch (error) {
    console.log(Sentry.captureException(error));
    Sentry.logger.error("no stock for item", { item: 4711 });
    response.statusCode = 500;
    response.end("no");
  }
});
server.listen(0, "127.0.0.1", async () => {
  const { port } = server.address();
  await new Promise((done) => http.get(`http://127.0.0.1:${port}/items/4711`, (answer) => answer.resume().on("end", done)));
  Sentry.captureCheckIn(
    { monitorSlug: "stock-sync", status: "ok", duration: 3 },
    { schedule: { type: "interval", value: 10, unit: "minute" }, checkinMargin: 2, maxRuntime: 5, timezone: "Etc/UTC" },
  );
  Sentry.captureFeedback({ name: "Grace", email: "grace@example.com", message: "The stock page is wrong." });
  server.close();
  await Sentry.flush(10_000);
  await Sentry.close(10_000);
  process.exit(0);
});
