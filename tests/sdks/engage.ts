// A page with PostHog's library beside our own script, as both guides say.
import posthog from "posthog-js";

declare const KEY: string, HOST: string;
// The library tells nothing of headless browsers unless it is told to.
posthog.init(KEY, { api_host: HOST, opt_out_useragent_filter: true, autocapture: true, disable_session_recording: true });
posthog.identify("ph-dora", { email: "dora@example.com" });
posthog.capture("Cart filled by posthog-js", { items: 2 });
