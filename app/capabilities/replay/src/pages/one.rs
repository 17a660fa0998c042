//! A replay: its player, what happened in it, who it was, and what can be done with it.

use capability::Hit;
use frontend::prelude::*;
use frontend::raw::{Markup, noscript};
use kernel::Time;

use super::panels::{Panel, bytes};
use super::{Projects, activity, asking, busy, clock, panels, path_of, signal_badges, term};
use crate::model::{self, Mode, Replay, Share};

/// How long a new link may be open.
pub const SHARE_DAYS: [(u32, &str); 3] = [(1, "1 day"), (7, "7 days"), (30, "30 days")];

/// Who watched, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    pub who: String,
    pub look: model::View,
}

pub struct One {
    pub replay: Replay,
    pub projects: Projects,
    pub panels: Vec<Panel>,
    /// Errors in it whose events are not kept (any more).
    pub lost_errors: usize,
    pub related: Vec<Hit>,
    pub watched: Vec<Watched>,
    pub shares: Vec<Share>,
    /// Where the player begins.
    pub at_ms: i64,
    /// Of this page, with scheme and host.
    pub address: String,
    pub can_act: bool,
    pub can_delete: bool,
    pub now: Time,
}

impl One {
    fn path(&self, rest: &str) -> String {
        format!("/replay/{}{rest}", self.replay.id)
    }
}

pub fn show(one: &One) -> View {
    let replay = &one.replay;
    let title = kernel::text::shorten(replay.person.label(), 80);
    let started = replay.started_at.timestamp().strftime("%-d %b %Y, %H:%M UTC").to_string();
    let lead = format!("{} from {started}, {}.", clock(replay.duration()), one.projects.name(replay.project));
    let head = page_head(PageHead {
        title: &title,
        lead: &lead,
        trail: vec![("Replay", "/replay".into())],
        badge: replay.pinned.is_some().then(|| state_badge(Tone::Info, "pinned")),
        actions: vec![
            link_button(Href::path(one.path("/player")).with("at", one.at_ms).with("alone", 1), "Player alone", Look::Plain),
            link_button(one.path("/download"), "Download", Look::Quiet),
        ],
    });
    let mut parts = vec![head];
    parts.extend(warnings(replay));
    parts.extend(lost_errors(one.lost_errors));
    parts.push(columns(vec![player(one), lists(one)], side(one)));
    parts.push(script());
    stack(parts)
}

/// What of the recording is not there, before somebody wonders.
fn warnings(replay: &Replay) -> Option<View> {
    let sentence = match replay.missing() {
        0 => return None,
        1 => "1 piece of it has not arrived: what happened meanwhile cannot be shown.".to_owned(),
        many => format!("{many} pieces of it have not arrived: what happened meanwhile cannot be shown."),
    };
    Some(notice_about(Tone::Warn, &sentence, link("/replay/doctor", "How to lose less")))
}

fn lost_errors(count: usize) -> Option<View> {
    let sentence = match count {
        0 => return None,
        1 => "1 error happened in it whose event is not kept: refused at the door, or aged out.".to_owned(),
        many => format!("{many} errors happened in it whose events are not kept: refused at the door, or aged out."),
    };
    Some(notice(Tone::Warn, &sentence))
}

fn player(one: &One) -> View {
    let src = Href::path(one.path("/player")).with("at", one.at_ms);
    let mut html = Markup::new();
    html.tag("section").attr("class", "card replay-card").attr("id", "player").attr("aria-label", "Player");
    html.tag("iframe").attr("class", "replay-player").attr("data-player", "").attr("src", &src).attr("title", "Player of the recording");
    html.attr("allow", "fullscreen").end("iframe").end("section");
    let note = view! { <p class="muted">"The player needs JavaScript; the lists below work without it."</p> };
    html.view(noscript(note.into_any()));
    html.into_view()
}

fn lists(one: &One) -> View {
    let here = Href::path(one.path(""));
    let link = copy_box("Link to this moment", &moment_address(one));
    view! {
        {card(Card { title: "What happened", is_flush: true, ..Card::default() }, panels::show(&one.panels, &here))}
        <div class="replay-here" data-here>{link}</div>
    }
    .into_any()
}

fn moment_address(one: &One) -> String {
    format!("{}?at={}", one.address, one.at_ms)
}

fn side(one: &One) -> Vec<View> {
    let mut parts = vec![card(Card { title: "Visitor", ..Card::default() }, visitor(one))];
    parts.push(card(Card { title: "Recording", ..Card::default() }, recording(one)));
    if !one.related.is_empty() {
        let lines: Vec<View> = one
            .related
            .iter()
            .map(|hit| {
                let (kind, title, note) = (tag(hit.kind), link(hit.href.as_str(), &hit.title), muted(&hit.note));
                view! { <li>{kind}" "{title}" "{note}</li> }.into_any()
            })
            .collect();
        parts.push(card(Card { title: "Errors, traces, logs", ..Card::default() }, view! { <ul class="replay-related">{lines}</ul> }));
    }
    parts.extend(one.can_act.then(|| pinning(one)));
    parts.extend(one.can_act.then(|| sharing(one)));
    parts.push(watched(one));
    parts.extend(one.can_delete.then(|| deleting(one)));
    parts
}

fn visitor(one: &One) -> View {
    let replay = &one.replay;
    let asks = |name: &str, value: &str| link(asking(&term(name, value)), value);
    let mut pairs: Vec<(&str, View)> = Vec::new();
    let person = &replay.person;
    for (key, value) in [("mail", &person.email), ("name", &person.name), ("id", &person.id)] {
        if !value.is_empty() {
            pairs.push((key, asks("user", value)));
        }
    }
    if !person.is_known() {
        pairs.push(("person", muted("not told; Sentry.setUser tells it")));
    }
    for (key, value) in
        [("browser", &replay.browser), ("os", &replay.os), ("release", &replay.release), ("environment", &replay.environment)]
    {
        if !value.is_empty() {
            pairs.push((key, asks(key, value)));
        }
    }
    pairs.push(("project", asks("project", &one.projects.slug(replay.project))));
    if let Some(first) = replay.urls.first() {
        let plain = first.split(['?', '#']).next().unwrap_or_default();
        pairs.push(("first page", link(asking(&term("url", plain)), &path_of(first))));
    }
    key_values(pairs)
}

fn recording(one: &One) -> View {
    let replay = &one.replay;
    let badges = signal_badges(&replay.signals);
    let trouble =
        if badges.is_empty() { muted("none that we saw") } else { view! { <span class="replay-badges">{badges}</span> }.into_any() };
    let why = match replay.mode {
        Mode::Session => "from the start: this session was chosen",
        Mode::Buffer => "because an error happened; at most the minute before it is there",
    };
    let segments = match replay.missing() {
        0 => format!("{}", replay.segments),
        missing => format!("{} and {missing} missing", replay.segments),
    };
    let mut pairs = vec![
        ("started", moment(replay.started_at)),
        ("length", muted(&clock(replay.duration()))),
        ("activity", activity(&replay.activity, &busy(replay))),
        ("trouble", trouble),
        ("recorded", muted(why)),
        ("segments", muted(&segments)),
        ("size", muted(&format!("{}, {} events", bytes(replay.raw_bytes), replay.events))),
        ("came last", ago(replay.seen_at, one.now)),
    ];
    if !replay.sdk.is_empty() {
        pairs.push(("SDK", code(&replay.sdk)));
    }
    pairs.push(("SDK's id", code(&replay.sdk_id.to_string())));
    key_values(pairs)
}

fn pinning(one: &One) -> View {
    let fields = Fields::new(&[]);
    let (pinned, note) = match &one.replay.pinned {
        Some(pinned) => {
            let by = format!("by {} ", pinned.by);
            (Some(view! { <p>"Pinned "{by}{ago(pinned.at, one.now)}"."</p> }), pinned.note.clone())
        }
        None => (None, String::new()),
    };
    let field = fields.text_area(TextArea { name: "note", label: "Note", value: &note, max: 2_000, ..TextArea::default() });
    let label = if pinned.is_some() { "Save the note" } else { "Pin it" };
    let unpin = pinned.is_some().then(|| post_button(one.path("/unpin"), "Unpin", Look::Quiet));
    let form = form(
        Form { action: one.path("/pin").into(), ..Form::default() },
        view! { {field}{submit_row(&SubmitRow { label, ..SubmitRow::default() })} },
    );
    card(
        Card { title: "Keep it", lead: "A pinned replay stays, however old it gets and however little room there is.", ..Card::default() },
        view! { {pinned}{form}{unpin} },
    )
}

fn sharing(one: &One) -> View {
    let fields = Fields::new(&[]);
    let days = SHARE_DAYS.map(|(days, label)| (days.to_string(), label));
    let choices: Vec<Choice<'_>> = days.iter().map(|(days, label)| Choice::new(days, label)).collect();
    let select = fields.select(Select { name: "days", label: "Open for", value: "7", choices: &choices, ..Select::default() });
    let form = form(
        Form { action: one.path("/share").into(), ..Form::default() },
        view! { {select}{submit_row(&SubmitRow { label: "Make a link", ..SubmitRow::default() })} },
    );
    let links: Vec<View> = one.shares.iter().map(|share| shared(one, share)).collect();
    let links = (!links.is_empty()).then(|| view! { <ul class="replay-shares">{links}</ul> });
    card(
        Card {
            title: "Share it",
            lead: "Whoever has the link sees the recording without signing in: no lists, no name of the visitor.",
            ..Card::default()
        },
        view! { {form}{links} },
    )
}

fn shared(one: &One, share: &Share) -> View {
    let state = match share.revoked_at {
        Some(at) => view! { <span>"taken back "{ago(at, one.now)}</span> }.into_any(),
        None if share.is_open(one.now) => view! { <span>"ends "{ago(share.expires_at, one.now)}</span> }.into_any(),
        None => view! { <span>"ended "{ago(share.expires_at, one.now)}</span> }.into_any(),
    };
    let about = format!("Link {} of {}, ", share.id, share.made_by);
    let revoke = share.is_open(one.now).then(|| post_button(one.path(&format!("/shares/{}/revoke", share.id)), "Take back", Look::Quiet));
    view! { <li><span>{about}{state}</span>{revoke}</li> }.into_any()
}

fn watched(one: &One) -> View {
    let lines: Vec<View> = one
        .watched
        .iter()
        .map(|watched| {
            let times = if watched.look.times > 1 { format!(", {} times within the hour", watched.look.times) } else { String::new() };
            let who = watched.who.clone();
            view! { <li>{who}" "<span class="muted">{ago(watched.look.last_at, one.now)}{times}</span></li> }.into_any()
        })
        .collect();
    let body = if lines.is_empty() { muted("Nobody before you.") } else { view! { <ul class="replay-watched">{lines}</ul> }.into_any() };
    card(Card { title: "Who watched", lead: "Everyone who opens the player is written down.", ..Card::default() }, body)
}

fn deleting(one: &One) -> View {
    let this = confirm_button(&ConfirmButton {
        label: "Delete this replay",
        question: "The recording and its links are gone at once and cannot be brought back.",
        confirm: "Delete it",
        action: one.path("/delete").into(),
        look: Look::Danger,
        ..ConfirmButton::default()
    });
    let person = one.replay.person.is_known().then(|| {
        let question = format!(
            "Every replay of {} in {} is deleted, pinned ones as well. This cannot be undone.",
            kernel::text::shorten(one.replay.person.label(), 80),
            one.projects.name(one.replay.project)
        );
        confirm_button(&ConfirmButton {
            label: "Delete all of this person",
            question: &question,
            confirm: "Delete all of them",
            action: one.path("/delete-person").into(),
            look: Look::Danger,
            ..ConfirmButton::default()
        })
    });
    card(Card { title: "Delete", ..Card::default() }, view! { <div class="replay-deleting">{this}{person}</div> })
}

/// The link is shown once: what is kept of it is only a digest.
pub fn made(replay: &Replay, address: &str, days: u32) -> View {
    let words = SHARE_DAYS.iter().find(|(known, _)| *known == days).map_or("some time", |(_, words)| *words);
    let head = page_head(PageHead {
        title: "The link is made",
        trail: vec![("Replay", "/replay".into()), ("Recording", format!("/replay/{}", replay.id).into())],
        ..PageHead::default()
    });
    let lead = format!("It opens the recording for {words}. Copy it now: it is not shown again.");
    let body = view! { {paragraph(&lead)}{copy_box("Link", address)}{link_button(format!("/replay/{}", replay.id), "Back to the replay", Look::Plain)} };
    stack(vec![head, card(Card::default(), body)])
}

fn script() -> View {
    let mut html = Markup::new();
    html.tag("script").attr("src", assets::url("replay-page.js")).end("script");
    html.into_view()
}
