//! Why replays of a project do not come, or come with holes: from what was seen, what that means, and what to do. Pure.

use frontend::Tone;
use kernel::Time;

/// How many days are looked at.
pub const DAYS: u32 = 7;

/// What was seen of one project within [`DAYS`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seen {
    /// Anything at all was kept of it, ever.
    pub is_connected: bool,
    /// Some key of it is active.
    pub has_key: bool,
    pub replays: u64,
    /// Of these, kept because an error happened.
    pub buffered: u64,
    pub segments: u64,
    /// Segments that were numbered and never came, and replays with such holes.
    pub missing: u64,
    pub with_holes: u64,
    /// Reports of the SDK whose recording never came.
    pub without_recording: u64,
    pub last_at: Option<Time>,
    /// Of the newest replay: `sentry.javascript.browser/11.12.0`.
    pub sdk: String,
    /// The newest errors of the last day that came from browsers, those that name a replay, and those whose replay never came.
    pub browser_errors: u64,
    pub naming: u64,
    pub orphaned: u64,
    /// Reports and recordings that were not kept, and why: the door's reason, how many. The door counts both alike.
    pub dropped: Vec<(String, u64)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub tone: Tone,
    pub title: String,
    /// What it means, and what can be done.
    pub advice: String,
}

/// Of all segments: fewer lost ones are what closed laptops and tunnels cost.
const SOME_LOSS: f64 = 0.02;
/// So many errors say something about the rest.
const ENOUGH: u64 = 5;

/// The most pressing first.
pub fn findings(seen: &Seen) -> Vec<Finding> {
    let mut all: Vec<Finding> =
        [nothing(seen), dropped(seen), holes(seen), orphans(seen), reports_only(seen), only_on_error(seen), old_sdk(&seen.sdk)]
            .into_iter()
            .flatten()
            .collect();
    if all.is_empty() {
        all.push(finding(Tone::Good, "Nothing is wrong that can be seen from here", String::new()));
    }
    all
}

fn finding(tone: Tone, title: impl Into<String>, advice: impl Into<String>) -> Finding {
    Finding { tone, title: title.into(), advice: advice.into() }
}

fn nothing(seen: &Seen) -> Option<Finding> {
    if seen.replays > 0 {
        return None;
    }
    // What came and was refused has its own finding: something does record.
    if seen.has_key && !seen.dropped.is_empty() {
        return None;
    }
    Some(match (seen.has_key, seen.is_connected, seen.orphaned > 0) {
        (false, ..) => {
            finding(Tone::Bad, "No key of this project is active", "Make a key on the project's page and give its DSN to the SDK.")
        }
        (_, false, _) => finding(
            Tone::Info,
            "Nothing of this project has ever arrived",
            "The SDK is not connected, or its DSN is of another project or server: compare it with the one in the snippet below.",
        ),
        (_, _, true) => finding(
            Tone::Bad,
            "Errors name a replay, but no recording arrives",
            "The SDK records, and something between the browser and this server stops it: mostly an ad blocker that knows the address, a Content-Security-Policy without this server in connect-src, or a proxy that refuses bodies of some hundred kB. Look at the network tab of the browser for /envelope/ requests that fail.",
        ),
        (_, true, false) => finding(
            Tone::Warn,
            "Other things arrive, but no replay",
            "The SDK records nothing: the replay integration is missing, or both sample rates are 0 (they are unless you set them). Take the snippet below.",
        ),
    })
}

fn dropped(seen: &Seen) -> Option<Finding> {
    let total: u64 = seen.dropped.iter().map(|(_, count)| count).sum();
    let (reason, _) = seen.dropped.iter().max_by_key(|(_, count)| *count)?;
    let means = match reason.as_str() {
        "rate_limited" | "quota" => {
            "More came in a minute than the key or the server takes. Recorders are never told to stop, so what is missing is a piece of a replay: raise the limit, or lower replaysSessionSampleRate."
        }
        "too_large" => {
            "A piece was larger than what is taken (32 MB of JSON). A page that changes that much at once is better left out with the SDK's block option."
        }
        "malformed" => "It could not be read. A proxy that rewrites bodies does that; so does a very old SDK.",
        "origin" | "origin_not_allowed" => "It came from an origin that the project does not allow. Add it to the project's settings.",
        _ => "The page “What became of it” of the project tells what each reason means.",
    };
    Some(finding(Tone::Warn, format!("{total} reports and recordings were not kept: {}", reason.replace('_', " ")), means))
}

#[expect(clippy::cast_precision_loss, reason = "shares need no more than 52 bits")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn holes(seen: &Seen) -> Option<Finding> {
    let lost = share(seen.missing, seen.missing + seen.segments);
    (lost > SOME_LOSS).then(|| {
        finding(
            Tone::Warn,
            format!("{:.0} % of the pieces are lost, in {} of {} replays", lost * 100.0, seen.with_holes, seen.replays),
            "The browser leaves a page before the recorder has sent it: by default it waits five seconds and compresses in a worker that dies with the page. The snippet for a site of many pages below sends after a quarter of a second; then almost nothing is lost.",
        )
    })
}

fn orphans(seen: &Seen) -> Option<Finding> {
    (seen.replays > 0 && seen.orphaned >= ENOUGH && share(seen.orphaned, seen.naming) > 0.2).then(|| {
        finding(
            Tone::Warn,
            format!("{} of {} errors that name a replay have none here", seen.orphaned, seen.naming),
            "Either the page was left before its recording was sent (see the snippet for a site of many pages), or an ad blocker lets small requests through and large ones not.",
        )
    })
}

fn reports_only(seen: &Seen) -> Option<Finding> {
    (seen.without_recording > seen.replays / 4 && seen.without_recording > 0).then(|| {
        finding(
            Tone::Warn,
            format!("{} replays were announced and their recording never came", seen.without_recording),
            "The report of a replay and its recording travel together, so what was kept of them was cut: look for a proxy with a limit on bodies, and above at what was not kept.",
        )
    })
}

fn only_on_error(seen: &Seen) -> Option<Finding> {
    (seen.replays > 0 && seen.buffered == seen.replays).then(|| {
        finding(
            Tone::Info,
            "Only sessions with an error are recorded",
            "That is what replaysOnErrorSampleRate without replaysSessionSampleRate does. On a site of many pages such a replay shows the last page only: what is held in memory is lost when a page is left.",
        )
    })
}

/// Before version 8 the integration was another package with other names.
fn old_sdk(sdk: &str) -> Option<Finding> {
    let (name, version) = sdk.rsplit_once('/')?;
    let major: u32 = version.split('.').next()?.parse().ok()?;
    (name.contains("javascript") && major < 8).then(|| {
        finding(
            Tone::Info,
            format!("The SDK is version {version}"),
            "The snippets are for version 8 and later. Before it the integration was new Replay() of another package.",
        )
    })
}

/// Which kind of site a snippet is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site {
    /// One page that never reloads.
    Single,
    /// Each click loads a page.
    Many,
}

impl Site {
    /// What keeps pages that are left early, as it was measured: with its defaults a browser that is on each page for 2.5 s keeps one page of six.
    pub fn options(self) -> &'static str {
        match self {
            Site::Single => "minReplayDuration: 0,\n      flushMinDelay: 1000,\n      flushMaxDelay: 1500,",
            Site::Many => "minReplayDuration: 0,\n      flushMinDelay: 200,\n      flushMaxDelay: 250,",
        }
    }

    pub fn snippet(self, dsn: &str) -> String {
        format!(
            "import * as Sentry from \"@sentry/browser\";\n\nSentry.init({{\n  dsn: \"{dsn}\",\n  integrations: [\n    Sentry.browserTracingIntegration(),\n    \
             Sentry.replayIntegration({{\n      {}\n    }}),\n  ],\n  tracesSampleRate: 1.0,\n  replaysSessionSampleRate: 1.0,\n  \
             replaysOnErrorSampleRate: 1.0,\n}});",
            self.options()
        )
    }
}

/// What a site's own policy must allow.
pub fn policy(base: &str) -> String {
    format!("connect-src {base}; worker-src 'self' blob:")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn well() -> Seen {
        Seen {
            is_connected: true,
            has_key: true,
            replays: 40,
            buffered: 4,
            segments: 400,
            missing: 2,
            with_holes: 2,
            last_at: Some(Time(1)),
            sdk: "sentry.javascript.browser/11.12.0".to_owned(),
            browser_errors: 30,
            naming: 20,
            orphaned: 1,
            ..Seen::default()
        }
    }

    #[test]
    fn each_trouble_is_told_by_its_own_words_and_nothing_else() {
        let none = Seen { is_connected: true, has_key: true, ..Seen::default() };
        let cases: [(&str, Seen, Tone, &str); 13] = [
            ("all is well", well(), Tone::Good, "Nothing is wrong"),
            ("no key", Seen { is_connected: true, ..Seen::default() }, Tone::Bad, "No key"),
            ("never connected", Seen { has_key: true, ..Seen::default() }, Tone::Info, "ever arrived"),
            ("no integration", none.clone(), Tone::Warn, "but no replay"),
            ("blocked", Seen { naming: 3, orphaned: 3, ..none.clone() }, Tone::Bad, "no recording arrives"),
            (
                "all refused",
                Seen { dropped: vec![("origin".into(), 8)], ..none },
                Tone::Warn,
                "8 reports and recordings were not kept: origin",
            ),
            (
                "all refused, and nothing else ever came",
                Seen { has_key: true, dropped: vec![("origin".into(), 8)], ..Seen::default() },
                Tone::Warn,
                "not kept: origin",
            ),
            (
                "dropped",
                Seen { dropped: vec![("too_large".into(), 2), ("rate_limited".into(), 9)], ..well() },
                Tone::Warn,
                "11 reports and recordings were not kept: rate limited",
            ),
            ("lost pages", Seen { missing: 100, with_holes: 30, ..well() }, Tone::Warn, "20 % of the pieces are lost, in 30 of 40"),
            ("orphans", Seen { orphaned: 10, ..well() }, Tone::Warn, "10 of 20 errors"),
            ("reports alone", Seen { without_recording: 12, ..well() }, Tone::Warn, "12 replays were announced"),
            ("on error only", Seen { buffered: 40, ..well() }, Tone::Info, "Only sessions with an error"),
            ("old", Seen { sdk: "sentry.javascript.react/7.120.0".into(), ..well() }, Tone::Info, "7.120.0"),
        ];
        for (what, seen, tone, title) in cases {
            let found = findings(&seen);
            assert_eq!(found.len(), 1, "{what}: {found:?}");
            assert!(found[0].tone == tone && found[0].title.contains(title), "{what}: {found:?}");
        }
    }

    #[test]
    fn little_is_no_finding() {
        assert_eq!(findings(&Seen { orphaned: 4, ..well() })[0].tone, Tone::Good, "four errors say nothing");
        assert_eq!(findings(&Seen { missing: 8, with_holes: 8, ..well() })[0].tone, Tone::Good, "two in a hundred are usual");
        assert_eq!(findings(&Seen { sdk: "nonsense".into(), ..well() })[0].tone, Tone::Good);
    }

    #[test]
    fn the_snippets_hold_the_values_that_were_measured() {
        let many = Site::Many.snippet("https://key@host/1");
        for said in ["https://key@host/1", "minReplayDuration: 0", "flushMinDelay: 200", "flushMaxDelay: 250"] {
            assert!(many.contains(said), "{said}: {many}");
        }
        let single = Site::Single.snippet("x");
        assert!(single.contains("flushMinDelay: 1000") && single.contains("flushMaxDelay: 1500"));
        assert_eq!(policy("https://h.example"), "connect-src https://h.example; worker-src 'self' blob:");
    }
}
