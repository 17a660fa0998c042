//! The document that plays a recording: no frame of the console around it, nothing of other origins in it.

use frontend::prelude::*;
use frontend::raw::{Markup, noscript};
use frontend::{Document, Theme, document};
use kernel::Time;

use super::{bars, clock_ms};
use crate::model::signals::{Kind, Signal};
use crate::model::{Moment, What};

/// What the bar above the controls is drawn for.
const WIDTH: i64 = 960;
const HEIGHT: u32 = 24;
const MOST_MARKS: usize = 300;

/// A moment that the seek bar marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub at: Time,
    pub kind: MarkKind,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkKind {
    Error,
    Rage,
    Dead,
}

impl MarkKind {
    fn words(self) -> &'static str {
        match self {
            MarkKind::Error => "error",
            MarkKind::Rage => "rage click",
            MarkKind::Dead => "dead click",
        }
    }

    /// On a bar of a few pixels only colours tell them apart; the lists beside it have the words.
    fn tone(self) -> Tone {
        match self {
            MarkKind::Error => Tone::Bad,
            MarkKind::Rage => Tone::Warn,
            MarkKind::Dead => Tone::Info,
        }
    }
}

/// What is marked of all that happened; more than can be told apart on a bar is not.
pub fn marks(moments: &[Moment], signals: &[Signal]) -> Vec<Mark> {
    let errors = moments.iter().filter_map(|moment| match &moment.what {
        What::Error { message, .. } => Some(Mark { at: moment.at, kind: MarkKind::Error, text: message.clone() }),
        _ => None,
    });
    let clicks = signals.iter().filter_map(|signal| {
        let kind = match signal.kind {
            Kind::Rage => MarkKind::Rage,
            Kind::Dead => MarkKind::Dead,
            Kind::Slow | Kind::Abandoned | Kind::UTurn => return None,
        };
        Some(Mark { at: signal.at, kind, text: signal.place.clone() })
    });
    // Errors are drawn last: where both are at one moment, the error is seen.
    let mut marks: Vec<Mark> = clicks.take(MOST_MARKS).collect();
    marks.extend(errors.take(MOST_MARKS));
    marks
}

pub struct Player {
    /// Such as “Replay of ada@example.com”.
    pub title: String,
    /// Where the JSON of this recording is.
    pub source: String,
    pub at_ms: i64,
    pub length_ms: i64,
    pub started_at: Time,
    pub activity: Vec<u8>,
    pub marks: Vec<Mark>,
    /// Shown by itself, not within its page: says what it is.
    pub head: Option<Head>,
}

pub struct Head {
    /// Where to go back to; empty for nowhere.
    pub back: Href,
    pub sentence: String,
}

pub fn show(player: &Player) -> String {
    let shown =
        Document { title: &player.title, theme: Theme::System, head: vec![head_links()], body_class: "player", ..Document::default() };
    let (title, source, at) = (player.title.clone(), player.source.clone(), player.at_ms.max(0).to_string());
    let head = match &player.head {
        None => view! { <h1 class="sr">{title}</h1> }.into_any(),
        Some(head) => {
            let back = (!head.back.is_empty()).then(|| link(head.back.clone(), "Back to the replay"));
            let sentence = head.sentence.clone();
            view! { <header class="player-head"><h1>{title}</h1><p class="muted">{sentence}</p>{back}</header> }.into_any()
        }
    };
    let body = view! {
        {head}
        <main class="screen" id="player" data-source=source data-at=at>
            <div class="stage" id="stage"></div>
            <p class="said" id="said" role="status">"Loading…"</p>
            {noscript(view! { <p class="said">"The player needs JavaScript."</p> }.into_any())}
        </main>
        <section class="controls" aria-label="Controls">{track(player)}{row(player)}</section>
    };
    document(shown, body)
}

fn head_links() -> View {
    let mut head = Markup::new();
    head.tag("meta").attr("name", "robots").attr("content", "noindex, nofollow").done();
    head.tag("link").attr("rel", "icon").attr("href", assets::url("favicon.svg")).attr("type", "image/svg+xml").done();
    head.tag("link").attr("rel", "stylesheet").attr("href", assets::url("replay-player.css")).done();
    head.tag("script").attr("src", assets::url("replay-player.js")).end("script");
    head.into_view()
}

/// The seek bar, and above it how much went on and where trouble was.
fn track(player: &Player) -> View {
    let mut html = Markup::new();
    html.tag("div").attr("class", "track");
    html.tag("svg").attr("viewBox", format!("0 0 {WIDTH} {HEIGHT}")).attr("preserveAspectRatio", "none").attr("role", "img");
    html.attr("aria-label", spoken(&player.marks));
    // Each part of the activity takes four units; the drawing is stretched to the width of the bar.
    let parts = i64::try_from(player.activity.len().max(1)).unwrap_or(1);
    html.tag("path").attr("class", "went-on").attr("transform", format!("scale({} 1)", WIDTH / (parts * 4)));
    html.attr("d", bars(&player.activity, HEIGHT)).done();
    for mark in &player.marks {
        let at = mark.at.0.saturating_sub(player.started_at.0).clamp(0, player.length_ms.max(1));
        let x = (at.saturating_mul(WIDTH) / player.length_ms.max(1)).min(WIDTH - 3);
        html.tag("rect").attr("class", format!("mark {}", mark.kind.tone().class())).attr("x", x).attr("width", 3).attr("height", HEIGHT);
        html.element("title", format!("{}: {} {}", clock_ms(at), mark.kind.words(), mark.text)).end("rect");
    }
    html.end("svg");
    html.tag("input").attr("type", "range").attr("id", "seek").attr("min", 0).attr("max", player.length_ms.max(1)).attr("step", 1);
    html.attr("value", player.at_ms.clamp(0, player.length_ms.max(1))).attr("aria-label", "Moment").flag("disabled", true).done();
    html.end("div");
    html.into_view()
}

fn spoken(marks: &[Mark]) -> String {
    let count = |kind: MarkKind| marks.iter().filter(|mark| mark.kind == kind).count();
    format!(
        "How much went on; {} errors, {} rage clicks, {} dead clicks",
        count(MarkKind::Error),
        count(MarkKind::Rage),
        count(MarkKind::Dead)
    )
}

fn row(player: &Player) -> View {
    let mut html = Markup::new();
    html.tag("div").attr("class", "row");
    html.tag("button").attr("type", "button").attr("id", "play").attr("aria-label", "Play").attr("title", "Space").flag("disabled", true);
    html.tag("span").attr("class", "for-play").view(icon(assets::icon("play"))).end("span");
    html.tag("span").attr("class", "for-pause").view(icon(assets::icon("pause"))).end("span").end("button");
    for (id, label, text) in [("back", "−5 s: back five seconds", "−5 s"), ("forward", "+5 s: on by five seconds", "+5 s")] {
        html.tag("button").attr("type", "button").attr("id", id).attr("aria-label", label).flag("disabled", true).text(text).end("button");
    }
    html.tag("span").attr("class", "clock").attr("id", "clock");
    html.text(format!("{} / {}", clock_ms(player.at_ms), clock_ms(player.length_ms))).end("span");
    html.view(legend(&player.marks));
    html.tag("div").attr("class", "rest").tag("label");
    html.tag("input").attr("type", "checkbox").attr("id", "skip").flag("checked", true).done().text("Skip inactivity").end("label");
    html.tag("label").text("Speed ").tag("select").attr("id", "speed");
    for speed in [1, 2, 4, 8] {
        html.tag("option").attr("value", speed).text(format!("{speed}×")).end("option");
    }
    html.end("select").end("label");
    html.tag("button").attr("type", "button").attr("id", "wide").flag("disabled", true).text("Full screen").end("button");
    html.end("div").end("div");
    html.into_view()
}

/// Only for what is drawn.
fn legend(marks: &[Mark]) -> View {
    let lines: Vec<View> = [(MarkKind::Error, "errors"), (MarkKind::Rage, "rage clicks"), (MarkKind::Dead, "dead clicks")]
        .into_iter()
        .filter(|(kind, _)| marks.iter().any(|mark| mark.kind == *kind))
        .map(|(kind, words)| view! { <li class=kind.tone().class()>{words}</li> }.into_any())
        .collect();
    if lines.is_empty() { ().into_any() } else { view! { <ul class="legend">{lines}</ul> }.into_any() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn player() -> Player {
        let mark = |ms: i64, kind| Mark { at: Time(1_000 + ms), kind, text: "<b>".to_owned() };
        Player {
            title: "Replay of <ada>".to_owned(),
            source: "/replay/7".to_owned(),
            at_ms: 1_500,
            length_ms: 10_000,
            started_at: Time(1_000),
            activity: vec![0, 255, 0, 10],
            marks: vec![mark(5_000, MarkKind::Error), mark(99_000, MarkKind::Rage)],
            head: None,
        }
    }

    #[test]
    fn the_document_says_where_its_recording_is_and_where_to_begin() {
        let html = show(&player());
        for said in [
            "data-source=\"/replay/7\"",
            "data-at=\"1500\"",
            "Replay of &lt;ada&gt;",
            "0:01 / 0:10",
            "1 errors, 1 rage clicks, 0 dead clicks",
        ] {
            assert!(html.contains(said), "{said}: {html}");
        }
        assert!(!html.contains("<b>") && !html.contains("style="), "nothing of the recording is markup here");
        assert!(!html.contains("Back to the replay"));
    }

    #[test]
    fn marks_stand_on_the_bar_even_where_clocks_lie() {
        let html = show(&player());
        assert!(html.contains("class=\"mark bad\" x=\"480\"") && html.contains("class=\"mark warn\" x=\"957\""), "{html}");
    }
}
