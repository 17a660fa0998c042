//! What happened in a replay, in lists beside its player: each line leads to its moment, with and without JavaScript.

use frontend::prelude::*;
use kernel::Time;

use super::{clock_ms, path_of};
use crate::model::signals::{Kind, Signal};
use crate::model::{Moment, What};

/// Lines of one list: what failed, and what lies nearest to the moment that is shown. The others are counted.
const MOST_LINES: usize = 400;
const MOST_FAILED: usize = 100;

/// A line of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// From the start of the replay.
    pub at_ms: i64,
    pub tone: Tone,
    /// A word that sorts it: `GET`, `warning`, `rage click`.
    pub tag: String,
    pub text: String,
    /// What is less important.
    pub note: String,
    /// Where more is told; empty for nowhere.
    pub href: Href,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    pub id: &'static str,
    pub title: &'static str,
    /// Said where there is no line.
    pub nothing: &'static str,
    pub lines: Vec<Line>,
    pub more: usize,
    /// Whether anything failed, shown or not.
    pub has_failed: bool,
}

/// Where an error is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorPage {
    pub event: String,
    pub href: String,
}

/// All lists, in the order in which they stand, around the moment `at_ms`.
pub fn panels(moments: &[Moment], signals: &[Signal], started_at: Time, errors: &[ErrorPage], at_ms: i64) -> Vec<Panel> {
    let panel = |id, title, nothing, lines: Vec<Line>| {
        let has_failed = lines.iter().any(|line| line.tone == Tone::Bad);
        let (lines, more) = cut(lines, at_ms);
        Panel { id, title, nothing, lines, more, has_failed }
    };
    let of = |read: &dyn Fn(&Moment) -> Option<Line>| -> Vec<Line> {
        let lines = moments.iter().filter_map(|moment| Some(Line { at_ms: since(moment.at, started_at), ..read(moment)? }));
        lines.collect()
    };
    let mut clicks = of(&click);
    clicks.extend(signals.iter().map(|signal| Line {
        at_ms: since(signal.at, started_at),
        ..line(tone_of(signal.kind), &signal.kind.label().to_lowercase(), &signal.place, String::new())
    }));
    vec![
        panel("errors", "Errors", "No error of it is kept.", of(&|moment| error(moment, errors))),
        panel("console", "Console", "Nothing was written to the console.", of(&console)),
        panel("network", "Network", "No fetch or XHR was seen.", of(&network)),
        panel("clicks", "Clicks and trouble", "Nobody clicked.", clicks),
        panel("pages", "Pages", "No page was named.", of(&page)),
        panel("vitals", "Vitals", "The browser told no web vitals.", of(&vital)),
    ]
}

/// In the order of time, with how many are left out.
fn cut(mut lines: Vec<Line>, at_ms: i64) -> (Vec<Line>, usize) {
    let more = lines.len().saturating_sub(MOST_LINES);
    lines.sort_by_key(|line| line.at_ms);
    if more > 0 {
        let (failed, others): (Vec<Line>, Vec<Line>) = lines.into_iter().partition(|line| line.tone == Tone::Bad);
        let mut rest: Vec<Line> = others;
        let mut failed = failed.into_iter();
        lines = failed.by_ref().take(MOST_FAILED).collect();
        rest.extend(failed);
        rest.sort_by_key(|line| line.at_ms.abs_diff(at_ms));
        rest.truncate(MOST_LINES - lines.len());
        lines.append(&mut rest);
        lines.sort_by_key(|line| line.at_ms);
    }
    (lines, more)
}

pub(crate) fn tone_of(kind: Kind) -> Tone {
    match kind {
        Kind::Rage => Tone::Bad,
        Kind::Dead | Kind::Slow => Tone::Warn,
        Kind::Abandoned | Kind::UTurn => Tone::Info,
    }
}

fn since(at: Time, start: Time) -> i64 {
    at.0.saturating_sub(start.0).max(0)
}

fn line(tone: Tone, tag: &str, text: &str, note: String) -> Line {
    Line { at_ms: 0, tone, tag: tag.to_owned(), text: text.to_owned(), note, href: Href::default() }
}

fn error(moment: &Moment, pages: &[ErrorPage]) -> Option<Line> {
    let What::Error { id, message } = &moment.what else { return None };
    let page = pages.iter().find(|page| page.event == *id).map(|page| Href::path(page.href.clone()));
    let text = if message.is_empty() { format!("Error {id}") } else { message.clone() };
    Some(Line { href: page.unwrap_or_default(), ..line(Tone::Bad, "error", &text, String::new()) })
}

fn console(moment: &Moment) -> Option<Line> {
    let What::Console { level, message } = &moment.what else { return None };
    let tone = match level.as_str() {
        "error" | "fatal" => Tone::Bad,
        "warning" | "warn" => Tone::Warn,
        _ => Tone::Neutral,
    };
    Some(line(tone, level, message, String::new()))
}

fn network(moment: &Moment) -> Option<Line> {
    let What::Network { method, url, status, ms, response_bytes, kind, .. } = &moment.what else { return None };
    let (tone, outcome) = match status {
        0 => (Tone::Bad, "no answer".to_owned()),
        400.. => (Tone::Bad, status.to_string()),
        _ => (Tone::Neutral, status.to_string()),
    };
    let size = if *response_bytes > 0 { format!(", {}", bytes(*response_bytes)) } else { String::new() };
    let method = if method.is_empty() { kind } else { method };
    Some(line(tone, &format!("{method} {outcome}"), url, format!("{ms} ms{size}")))
}

fn click(moment: &Moment) -> Option<Line> {
    match &moment.what {
        What::Target { selector, .. } => Some(line(Tone::Neutral, "click", selector, String::new())),
        What::Submit => Some(line(Tone::Neutral, "return key", "", String::new())),
        _ => None,
    }
}

fn page(moment: &Moment) -> Option<Line> {
    match &moment.what {
        What::Page { href } => Some(line(Tone::Neutral, "page", href, String::new())),
        What::Navigation { to, ms, .. } if *ms > 0 => Some(line(Tone::Neutral, "loaded", &path_of(to), format!("{ms} ms"))),
        What::Navigation { from, to, .. } => Some(line(Tone::Neutral, "went to", &path_of(to), from_words(from))),
        _ => None,
    }
}

fn from_words(from: &str) -> String {
    if from.is_empty() { String::new() } else { format!("from {}", path_of(from)) }
}

fn vital(moment: &Moment) -> Option<Line> {
    match &moment.what {
        What::Vital { name, value, rating } => {
            let tone = match rating.as_str() {
                "good" => Tone::Good,
                "poor" => Tone::Bad,
                "needs-improvement" => Tone::Warn,
                _ => Tone::Neutral,
            };
            let written = if name.eq_ignore_ascii_case("cls") { format!("{value:.3}") } else { format!("{value:.0} ms") };
            Some(line(tone, name, &written, rating.replace('-', " ")))
        }
        What::Memory { bytes: taken } => Some(line(Tone::Neutral, "memory", &bytes(*taken), String::new())),
        _ => None,
    }
}

/// `12 kB`, `3.4 MB`.
pub(crate) fn bytes(count: u64) -> String {
    match count {
        0..=999 => format!("{count} B"),
        1_000..=999_999 => format!("{} kB", count / 1_000),
        _ => format!("{}.{} MB", count / 1_000_000, count / 100_000 % 10),
    }
}

/// The lists: one of them is open. `here` is the page's own address.
pub fn show(panels: &[Panel], here: &Href) -> View {
    let open = panels.iter().position(|panel| !panel.lines.is_empty()).unwrap_or(0);
    let all: Vec<View> = panels.iter().enumerate().map(|(position, panel)| one(panel, position == open, here)).collect();
    view! { <div class="replay-panels">{all}</div> }.into_any()
}

fn one(panel: &Panel, is_open: bool, here: &Href) -> View {
    let count = (panel.lines.len() + panel.more).to_string();
    let worst = if panel.id != "errors" && panel.has_failed { Some(Tone::Bad.glyph()) } else { None };
    let body = if panel.lines.is_empty() {
        view! { <p class="muted replay-nothing">{panel.nothing}</p> }.into_any()
    } else {
        let lines: Vec<View> = panel.lines.iter().map(|line| entry(line, here)).collect();
        let more =
            (panel.more > 0).then(|| view! { <p class="muted replay-nothing">{format!("{} more lie further away: open this page at another moment, or download the recording.", panel.more)}</p> });
        // What scrolls has to be reached by keys.
        view! { <ol class="replay-lines" data-moments tabindex="0" aria-label=panel.title>{lines}</ol>{more} }.into_any()
    };
    view! {
        <details class="replay-panel" name="replay-panel" id=panel.id open=is_open>
            <summary><span>{panel.title}</span><span class="count">{count}</span>{worst}</summary>
            {body}
        </details>
    }
    .into_any()
}

fn entry(line: &Line, here: &Href) -> View {
    let at = line.at_ms.to_string();
    let href = here.clone().with("at", line.at_ms).to_string();
    let class = format!("replay-line {}", line.tone.class());
    let (tag_text, text, note) = (line.tag.clone(), line.text.clone(), line.note.clone());
    let spoken = format!("Go to {}", clock_ms(line.at_ms));
    let more = (!line.href.is_empty()).then(|| link(line.href.clone(), "Open"));
    view! {
        <li class=class>
            <a href=href data-at=at aria-label=spoken>{clock_ms(line.at_ms)}</a>
            <span class="replay-kind">{tag_text}</span>
            <span class="replay-text">{text} " " <span class="muted">{note}</span> " " {more}</span>
        </li>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64, what: What) -> Moment {
        Moment { at: Time(1_000 + ms), what }
    }

    fn lines(panels: &[Panel], id: &str) -> Vec<(i64, Tone, String, String)> {
        let panel = panels.iter().find(|panel| panel.id == id).unwrap();
        panel.lines.iter().map(|line| (line.at_ms, line.tone, line.tag.clone(), line.text.clone())).collect()
    }

    #[test]
    fn each_moment_stands_in_its_list_by_its_time_from_the_start() {
        let moments = [
            at(900, What::Console { level: "warning".into(), message: "slow".into() }),
            at(-50, What::Page { href: "https://shop.example/".into() }),
            at(
                100,
                What::Network {
                    method: "POST".into(),
                    url: "/api/pay".into(),
                    status: 502,
                    ms: 31,
                    request_bytes: 2,
                    response_bytes: 2_500,
                    kind: "fetch".into(),
                },
            ),
            at(200, What::Vital { name: "CLS".into(), value: 0.25, rating: "poor".into() }),
            at(300, What::Error { id: "ab".into(), message: String::new() }),
            at(400, What::Target { node: 3, selector: "button.save".into(), tag: "button".into(), acts: true }),
            at(450, What::Mutation),
        ];
        let signals = [Signal { at: Time(1_350), kind: Kind::Rage, place: "button.save".into() }];
        let panels = panels(&moments, &signals, Time(1_000), &[ErrorPage { event: "ab".into(), href: "/errors/1/events/2".into() }], 0);
        let owned = |at, tone, tag: &str, text: &str| vec![(at, tone, tag.to_owned(), text.to_owned())];
        assert_eq!(lines(&panels, "console"), owned(900, Tone::Warn, "warning", "slow"));
        assert_eq!(lines(&panels, "pages"), owned(0, Tone::Neutral, "page", "https://shop.example/"));
        assert_eq!(lines(&panels, "network"), owned(100, Tone::Bad, "POST 502", "/api/pay"));
        assert_eq!(lines(&panels, "vitals"), owned(200, Tone::Bad, "CLS", "0.250"));
        assert_eq!(lines(&panels, "errors"), owned(300, Tone::Bad, "error", "Error ab"));
        let clicks: Vec<i64> = lines(&panels, "clicks").into_iter().map(|line| line.0).collect();
        assert_eq!(clicks, [350, 400], "what we saw stands among the clicks, in the order of time");
        assert_eq!(panels[0].lines[0].href.as_str(), "/errors/1/events/2");
    }

    #[test]
    fn a_flood_of_lines_is_cut_and_counted() {
        let moments: Vec<Moment> = (0..1_000).map(|ms| at(ms, What::Console { level: "log".into(), message: "x".into() })).collect();
        let all = panels(&moments, &[], Time(1_000), &[], 0);
        let console = all.iter().find(|panel| panel.id == "console").unwrap();
        assert_eq!((console.lines.len(), console.more), (MOST_LINES, 600));
        let html = render(|| show(&all, &Href::path("/replay/1")));
        assert!(html.contains("600 more") && html.contains("/replay/1?at=399"), "{}", &html[..2_000]);
    }

    #[test]
    fn of_a_long_list_what_failed_is_there_and_what_is_near_to_the_moment() {
        let level = |ms| if ms == 5 { "error" } else { "log" };
        let moments: Vec<Moment> = (0..2_000).map(|ms| at(ms, What::Console { level: level(ms).into(), message: "x".into() })).collect();
        let all = panels(&moments, &[], Time(1_000), &[], 1_500);
        let console = all.iter().find(|panel| panel.id == "console").unwrap();
        let shown: Vec<i64> = console.lines.iter().map(|line| line.at_ms).collect();
        assert_eq!((shown.len(), shown[0], shown[1], shown[399], console.has_failed), (MOST_LINES, 5, 1_301, 1_699, true));
    }

    #[test]
    fn what_a_page_logged_is_text() {
        let evil = "<img src=x onerror=alert(1)>";
        let moments = [at(1, What::Console { level: evil.into(), message: evil.into() }), at(2, What::Page { href: evil.into() })];
        let html = render(|| show(&panels(&moments, &[], Time(1_000), &[], 0), &Href::path("/replay/1")));
        assert!(!html.contains("<img") && html.contains("&lt;img"), "{html}");
    }
}
