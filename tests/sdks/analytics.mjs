// A server with the real analytics libraries for Node, each as its guide says; only the host is ours.
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.SDK_PACKAGES, "package.json"));
const { Analytics } = require("@segment/analytics-node");
const Rudder = require("@rudderstack/rudder-sdk-node");
const { PostHog } = require("posthog-node");
const { KEY, HOST } = process.env;

const segment = new Analytics({ writeKey: KEY, host: HOST, flushInterval: 100 });
segment.page({ anonymousId: "anon-ada", name: "Pricing", properties: { url: "https://shop.example/pricing" } });
segment.identify({ userId: "seg-ada", anonymousId: "anon-ada", traits: { email: "ada@example.com", name: "Ada Segment", plan: "pro" } });
segment.track({ userId: "seg-ada", event: "Invoice paid by segment", properties: { amount: 49.5 } });
segment.group({ userId: "seg-ada", groupId: "org-acme", traits: { name: "Acme" } });
await segment.closeAndFlush();

const RudderAnalytics = Rudder.default ?? Rudder;
const rudder = new RudderAnalytics(KEY, { dataPlaneUrl: HOST, flushAt: 1 });
const done = (send) => new Promise((resolve, reject) => send((error) => (error ? reject(error) : resolve())));
await done((end) => rudder.identify({ userId: "rud-bob", traits: { email: "bob@example.com", name: "Bob Rudder" } }, end));
await done((end) => rudder.track({ userId: "rud-bob", event: "Report exported by rudder", properties: { format: "pdf" } }, end));
await done((end) => rudder.flush(end));

const posthog = new PostHog(KEY, { host: HOST, flushAt: 1, flushInterval: 0 });
posthog.identify({ distinctId: "ph-cem", properties: { email: "cem@example.com", name: "Cem Posthog" } });
posthog.capture({ distinctId: "ph-cem", event: "Project made by posthog", properties: { size: 3 } });
posthog.alias({ distinctId: "ph-cem", alias: "anon-cem" });
await posthog.shutdown();
process.exit(0);
