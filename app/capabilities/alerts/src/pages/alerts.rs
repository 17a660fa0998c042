//! The list of alerts and one alert with its timeline.

use frontend::prelude::*;
use kernel::Time;
use kernel::ids::AlertRuleId;
use kernel::paging::Page;
use kernel::time::describe_duration;
use work::{DeliveryRow, DeliveryState};

use super::{Place, places, state_tone};
use crate::alert::{Alert, AlertState};
use crate::store::alerts::Entry;
use crate::store::notices::{NoticeRow, NoticeState};

pub struct List {
    pub page: Page<Alert>,
    /// `None` = all.
    pub state: Option<AlertState>,
    pub text: String,
    pub counts: Vec<(AlertState, u64)>,
    pub has_channels: bool,
    /// What is silenced now, a line each.
    pub silenced: Vec<String>,
    pub is_older: bool,
    pub can_edit: bool,
    pub now: Time,
}

pub fn list(list: &List) -> View {
    let head = page_head(PageHead { title: "Alerts", lead: "What needs somebody, and what did.", ..PageHead::default() });
    let next_step = (!list.has_channels).then(|| {
        notice_about(
            Tone::Warn,
            "Nobody is told of alerts yet.",
            if list.can_edit {
                view! { <p>"Alerts are recorded, but there is no channel to send them to. "{link("/alerts/channels/new", "Make the first channel")}"."</p> }
                    .into_any()
            } else {
                paragraph("Alerts are recorded, but there is no channel to send them to. An admin can make one.")
            },
        )
    });
    let body = live("alerts-list", view! { {filters(list)} {rows(list)} {pages(list)} });
    let silenced = live("alerts-silenced", super::silences::banner(&list.silenced));
    view! { {head} {places(Place::Alerts)} {next_step} {silenced} {body} }.into_any()
}

fn filters(list: &List) -> View {
    let href = |word: &str| {
        if list.text.is_empty() {
            Href::path("/alerts").with("state", word)
        } else {
            Href::path("/alerts").with("state", word).with("q", &list.text)
        }
    };
    let mut all: Vec<Tab<'_>> = list
        .counts
        .iter()
        .map(|(state, count)| Tab {
            label: state_label(*state),
            href: href(state.as_str()),
            is_current: list.state == Some(*state),
            count: Some(*count),
        })
        .collect();
    all.push(Tab { label: "All", href: href("all"), is_current: list.state.is_none(), count: None });
    let state = list.state.map_or("all", AlertState::as_str);
    let fields = Fields::new(&[]);
    let search = filter_form(
        "/alerts",
        view! {
            {hidden("state", state)}
            {fields.text(TextField { name: "q", label: "Find", value: &list.text, kind: TextKind::Search, max: 100, ..TextField::default() })}
            {button("Find", Look::Plain, "", "")}
        },
    );
    stack(vec![tabs("States of alerts", &all), search])
}

fn state_label(state: AlertState) -> &'static str {
    match state {
        AlertState::Open => "Open",
        AlertState::Acknowledged => "Acknowledged",
        AlertState::Resolved => "Resolved",
    }
}

fn rows(list: &List) -> View {
    let rows = list.page.rows.iter().map(|alert| row(alert, list.now)).collect();
    let (title, sentence) = match (list.text.is_empty(), list.state) {
        (false, _) => ("Nothing found", "Try another word, or look among all alerts."),
        (true, Some(AlertState::Open)) => ("Nothing is open", "All is well, as far as the rules can tell."),
        (true, _) => ("No alerts here", "Alerts appear when a rule finds something."),
    };
    let listed = table(Table {
        caption: "Alerts",
        heads: &[Head::text("Alert"), Head::text("State"), Head::text("Severity"), Head::text("Since"), Head::text("Lasted")],
        rows,
        empty: EmptyState { title, sentence, actions: vec![link_button("/alerts/rules", "See the rules", Look::Plain)] },
    });
    card(Card { is_flush: true, ..Card::default() }, listed)
}

fn row(alert: &Alert, now: Time) -> Row {
    let detail = alert.detail.clone();
    let part = alert.group.map(|group| view! { " " {link(format!("/alerts/{group}"), "part of a group")} });
    let name = view! { {link(format!("/alerts/{}", alert.id), &alert.title)} {part} <br/> <span class="muted">{detail}</span> }.into_any();
    Row {
        tone: if alert.state == AlertState::Open { state_tone(alert) } else { Tone::Neutral },
        cells: vec![
            name,
            state_badge(state_tone(alert), state_label(alert.state)),
            state_dot(super::severity_tone(alert.severity), alert.severity.as_str()),
            ago(alert.started_at, now),
            muted(&describe_duration(alert.lasted(now))),
        ],
    }
}

fn pages(list: &List) -> View {
    let own = Href::path("/alerts").with("state", list.state.map_or("all", AlertState::as_str)).with("q", &list.text);
    pager(&Pager {
        first: if list.is_older { own.clone() } else { Href::default() },
        next: list.page.next.map_or(Href::default(), |next| own.with("before", next)),
        note: "",
    })
}

/// A notice with its delivery in the outbox, when there is one.
pub struct Told {
    pub row: NoticeRow,
    pub channel: String,
    pub delivery: Option<DeliveryRow>,
}

pub struct Shown {
    pub alert: Alert,
    pub rule: Option<AlertRuleId>,
    pub members: Vec<Alert>,
    /// The group may have more than are shown.
    pub all_members: u64,
    pub entries: Vec<Entry>,
    pub told: Vec<Told>,
    pub can_act: bool,
    pub now: Time,
}

pub fn show(shown: &Shown) -> View {
    let alert = &shown.alert;
    let head = page_head(PageHead {
        title: &alert.title,
        lead: &alert.detail,
        trail: vec![("Alerts", "/alerts".into())],
        badge: Some(state_badge(state_tone(alert), state_label(alert.state))),
        actions: acts(shown),
    });
    let wide = stack(vec![members(shown), deliveries(shown), timeline(shown)]);
    let facts = card(Card { title: "Facts", ..Card::default() }, facts(shown));
    let body = view! { {live("alert", columns(wide, facts))} {silencing(shown)} };
    view! { {head} {body} }.into_any()
}

fn acts(shown: &Shown) -> Vec<View> {
    let alert = &shown.alert;
    if !shown.can_act || alert.is_resolved() {
        return Vec::new();
    }
    let path = |act: &str| format!("/alerts/{}/{act}", alert.id);
    let mut acts = Vec::new();
    if alert.state == AlertState::Open {
        acts.push(post_button(path("acknowledge"), "Acknowledge", Look::Primary));
    }
    acts.push(confirm_button(&ConfirmButton {
        label: "Resolve",
        question: "Resolving by hand ends this alert and tells everybody who heard of it. If the trouble goes on, it is not told again until it ends and begins anew.",
        confirm: "Resolve it",
        action: path("resolve").into(),
        ..ConfirmButton::default()
    }));
    acts
}

/// Outside of what the live stream replaces: a choice half made must stay.
fn silencing(shown: &Shown) -> View {
    let alert = &shown.alert;
    if !shown.can_act || alert.is_resolved() {
        return ().into_any();
    }
    let fields = Fields::within("silence", &[]);
    let choices =
        [Choice::new("1", "1 hour"), Choice::new("8", "8 hours"), Choice::new("24", "1 day"), Choice::new("fixed", "Until it is resolved")];
    let inside = form(
        Form { action: format!("/alerts/{}/silence", alert.id).into(), ..Form::default() },
        view! {
            {fields.select(Select { name: "hours", label: "Silence for", value: "1", choices: &choices, required: true, ..Select::default() })}
            {submit_row(&SubmitRow { label: "Silence", look: Look::Plain, ..SubmitRow::default() })}
        },
    );
    card(Card { title: "Silence", lead: "It is still recorded here, and nobody is reminded.", ..Card::default() }, inside)
}

fn facts(shown: &Shown) -> View {
    let alert = &shown.alert;
    let rule = match shown.rule {
        Some(id) => link(format!("/alerts/rules/{id}"), &alert.rule_name),
        None => muted(&format!("{} (removed)", alert.rule_name)),
    };
    let mut pairs = vec![("Rule", rule), ("Severity", state_dot(super::severity_tone(alert.severity), alert.severity.as_str()))];
    if !alert.target.is_empty() {
        pairs.push(("Target", code(&alert.target)));
    }
    if let Some(id) = alert.subject_key.strip_prefix("monitor:") {
        pairs.push(("Monitor", link(format!("/uptime/monitors/{id}"), &alert.subject)));
    }
    if let Some(page) = crate::engine::issues::page(&alert.subject_key) {
        pairs.push(("Issue", link(page, &alert.subject)));
    }
    for (label, value) in &alert.facts {
        pairs.push((label.as_str(), muted(value)));
    }
    pairs.push(("Began", moment(alert.started_at)));
    pairs.push(("Opened", moment(alert.opened_at)));
    pairs.push(("Lasted", muted(&describe_duration(alert.lasted(shown.now)))));
    if let Some(at) = alert.announced_at {
        pairs.push(("First told", moment(at)));
    } else if let Some(at) = alert.flush_at {
        pairs.push(("To be told", ago(at, shown.now)));
    }
    if let Some(at) = alert.acknowledged_at {
        pairs.push(("Acknowledged", moment(at)));
        pairs.push(("By", muted(&alert.acknowledged_by)));
    }
    if let Some(at) = alert.resolved_at {
        pairs.push(("Resolved", moment(at)));
    }
    if let Some(at) = alert.remind_at {
        let label = if alert.state == AlertState::Acknowledged { "Told again if still open" } else { "Next reminder" };
        pairs.push((label, ago(at, shown.now)));
    }
    if let Some(at) = alert.step_at {
        pairs.push(("Next escalation", ago(at, shown.now)));
    }
    if let Some(group) = alert.group {
        pairs.push(("Group", link(format!("/alerts/{group}"), "Told together with others")));
    }
    if let Ok(runbook) = kernel::text::WebUrl::parse(&alert.runbook) {
        pairs.push(("Runbook", link(&runbook, "Open the runbook")));
    } else if !alert.runbook.is_empty() {
        pairs.push(("Runbook", link(alert.runbook.as_str(), "Open the runbook")));
    }
    key_values(pairs)
}

fn members(shown: &Shown) -> View {
    if shown.members.is_empty() {
        return ().into_any();
    }
    let rows = shown.members.iter().map(|alert| row(alert, shown.now)).collect();
    let inside = table(Table {
        caption: "Members of this group",
        heads: &[Head::text("Alert"), Head::text("State"), Head::text("Severity"), Head::text("Since"), Head::text("Lasted")],
        rows,
        empty: EmptyState::default(),
    });
    let count = shown.members.len() as u64;
    let lead =
        if count < shown.all_members { format!("{count} of {}, those that are open first.", shown.all_members) } else { String::new() };
    card(Card { title: "Told together", lead: &lead, is_flush: true, ..Card::default() }, inside)
}

fn deliveries(shown: &Shown) -> View {
    let rows = shown.told.iter().map(|told| told_row(told, shown.now)).collect();
    let inside = table(Table {
        caption: "Notices about this alert",
        heads: &[Head::text("Notice"), Head::text("Channel"), Head::text("State"), Head::number("Attempts"), Head::text("When")],
        rows,
        empty: EmptyState {
            title: "Nobody was told",
            sentence: "Either it is too young, or it ended before the group window did, or the rule names no channel.",
            actions: vec![link_button("/alerts/channels", "See the channels", Look::Plain)],
        },
    });
    card(Card { title: "Notices", is_flush: true, ..Card::default() }, inside)
}

fn told_row(told: &Told, now: Time) -> Row {
    let (tone, word) = match (told.row.state, told.delivery.as_ref().map(|delivery| delivery.state)) {
        (NoticeState::Sent, _) => (Tone::Good, "sent"),
        (NoticeState::Held, _) => (Tone::Info, "held until the morning"),
        (NoticeState::Superseded, _) => (Tone::Neutral, "overtaken"),
        (NoticeState::Dead, _) | (_, Some(DeliveryState::Dead)) => (Tone::Bad, "given up"),
        (NoticeState::Posted, _) => (Tone::Warn, "on its way"),
    };
    let error = told.delivery.as_ref().and_then(|delivery| delivery.last_error.clone()).filter(|_| told.row.state != NoticeState::Sent);
    let note = error.map(|error| view! { <br/> <span class="muted">{error}</span> });
    let attempts = told.delivery.as_ref().map_or(0, |delivery| delivery.attempts);
    let headline = told.row.headline.clone();
    Row::new(vec![
        view! { {headline} {note} }.into_any(),
        muted(&told.channel),
        state_badge(tone, word),
        muted(&attempts.to_string()),
        ago(told.row.finished_at.unwrap_or(told.row.posted_at), now),
    ])
}

fn timeline(shown: &Shown) -> View {
    let rows = shown.entries.iter().map(|entry| Row::new(vec![moment_as(entry.at, MomentStyle::Full), muted(&entry.text)])).collect();
    let inside = table(Table {
        caption: "Timeline, newest first",
        heads: &[Head::text("When"), Head::text("What")],
        rows,
        empty: EmptyState { title: "Nothing yet", sentence: "What happens to this alert is written down here.", actions: Vec::new() },
    });
    card(Card { title: "Timeline", is_flush: true, ..Card::default() }, inside)
}
