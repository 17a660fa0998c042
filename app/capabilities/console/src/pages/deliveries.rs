//! The outbox as a list, and one delivery with its attempts.

use frontend::prelude::*;
use kernel::Time;
use kernel::paging::Page;
use kernel::time::describe_duration;
use work::{Attempt, DeliveryRow, DeliveryState};

const PATH: &str = "/console/deliveries";

pub(crate) struct List {
    pub deliveries: Page<DeliveryRow>,
    pub state: Option<DeliveryState>,
    pub is_first: bool,
    pub may_act: bool,
    pub now: Time,
}

pub(crate) struct One {
    pub delivery: DeliveryRow,
    pub attempts: Vec<Attempt>,
    pub may_act: bool,
    pub now: Time,
}

fn words(state: DeliveryState) -> (Tone, &'static str) {
    match state {
        DeliveryState::Pending => (Tone::Info, "waiting"),
        DeliveryState::Leased => (Tone::Info, "on its way"),
        DeliveryState::Sent => (Tone::Good, "sent"),
        DeliveryState::Dead => (Tone::Bad, "given up"),
        DeliveryState::Cancelled => (Tone::Neutral, "discarded"),
    }
}

/// A delivery that failed and waits for its next try is not just waiting.
fn badge_words(delivery: &DeliveryRow) -> (Tone, &'static str) {
    match delivery.state {
        DeliveryState::Pending if delivery.attempts > 0 => (Tone::Warn, "trying again"),
        state => words(state),
    }
}

fn path(state: Option<DeliveryState>) -> Href {
    state.map_or(Href::path(PATH), |state| Href::path(PATH).with("state", state.as_str()))
}

pub(crate) fn list(list: &List) -> View {
    let all = Tab { label: "All", href: path(None), is_current: list.state.is_none(), count: None };
    let tab =
        |state: DeliveryState| Tab { label: words(state).1, href: path(Some(state)), is_current: list.state == Some(state), count: None };
    let mut states = vec![all];
    states.extend(DeliveryState::ALL.into_iter().filter(|state| *state != DeliveryState::Leased).map(tab));
    let head = PageHead {
        title: "Deliveries",
        lead: "Every mail, message and webhook that leaves, with each of its attempts.",
        ..PageHead::default()
    };
    let rows = list.deliveries.rows.iter().map(|delivery| row(list, delivery)).collect();
    let heads = [
        Head::text("What"),
        Head::text("State"),
        Head::text("To"),
        Head::number("Attempts"),
        Head::text("Last answer"),
        Head::text("Posted"),
        Head::hidden("Actions"),
    ];
    let listed = table(Table { caption: "Deliveries", heads: &heads, rows, empty: empty(list.state) });
    stack(vec![
        page_head(head),
        tabs("State", &states),
        live("deliveries", card(Card { is_flush: true, ..Card::default() }, listed)),
        super::steps(path(list.state), !list.is_first, list.deliveries.next),
    ])
}

fn empty(state: Option<DeliveryState>) -> EmptyState<'static> {
    match state {
        None => EmptyState {
            title: "Nothing has left yet",
            sentence: "As soon as an alert or a mail goes out, it stands here with each attempt.",
            actions: vec![link_button("/console/settings#outbound", "Mail settings", Look::Plain)],
        },
        Some(DeliveryState::Dead) => EmptyState {
            title: "Nothing was given up",
            sentence: "What could not be delivered in 24 hours would stand here, ready to be tried again.",
            actions: vec![link_button(PATH, "See all", Look::Plain)],
        },
        Some(_) => EmptyState {
            title: "None in this state",
            sentence: "Choose another state above, or see all of them.",
            actions: vec![link_button(PATH, "See all", Look::Plain)],
        },
    }
}

fn row(list: &List, delivery: &DeliveryRow) -> Row {
    let (tone, word) = badge_words(delivery);
    let buttons = if list.may_act && delivery.state == DeliveryState::Dead {
        post_button(format!("{PATH}/{}/retry", delivery.id), "Try again", Look::Plain)
    } else {
        ().into_any()
    };
    let cells = vec![
        link(format!("{PATH}/{}", delivery.id), &delivery.subject),
        state_dot(tone, word),
        muted(&delivery.destination),
        paragraph(&delivery.attempts.to_string()),
        muted(&last_answer(delivery)),
        ago(delivery.created_at, list.now),
        buttons,
    ];
    Row { cells, tone: if tone == Tone::Bad { Tone::Bad } else { Tone::Neutral } }
}

fn last_answer(delivery: &DeliveryRow) -> String {
    let code = delivery.last_code.map(|code| code.to_string());
    let error = delivery.last_error.as_deref().map(|error| kernel::text::shorten(error, 80));
    match (code, error) {
        (Some(code), Some(error)) => format!("{code}: {error}"),
        (Some(text), None) | (None, Some(text)) => text,
        (None, None) => "–".to_owned(),
    }
}

pub(crate) fn show(one: &One) -> View {
    let delivery = &one.delivery;
    let (tone, word) = badge_words(delivery);
    let head = PageHead {
        title: &delivery.subject,
        trail: vec![("Deliveries", PATH.into())],
        badge: Some(state_badge(tone, word)),
        actions: if one.may_act { acts(delivery) } else { Vec::new() },
        ..PageHead::default()
    };
    let mut facts = vec![
        ("To", code(&delivery.destination)),
        ("Idempotency key", code(&delivery.key)),
        ("Posted", moment(delivery.created_at)),
        ("Attempts", paragraph(&delivery.attempts.to_string())),
    ];
    if delivery.state == DeliveryState::Pending {
        facts.push(("Next try", ago(delivery.next_at, one.now)));
    }
    if let Some(at) = delivery.finished_at {
        facts.push(("Finished", moment(at)));
    }
    stack(vec![
        page_head(head),
        live("delivery-facts", card(Card { title: "Delivery", ..Card::default() }, key_values(facts))),
        live("delivery-attempts", card(Card { title: "Attempts", is_flush: true, ..Card::default() }, attempts(&one.attempts))),
    ])
}

fn acts(delivery: &DeliveryRow) -> Vec<View> {
    if !matches!(delivery.state, DeliveryState::Dead | DeliveryState::Pending) {
        return Vec::new();
    }
    let discard = ConfirmButton {
        label: "Discard",
        question: "It will never be sent. This cannot be undone.",
        confirm: "Discard it",
        action: format!("{PATH}/{}/discard", delivery.id).into(),
        look: Look::Danger,
        fields: Vec::new(),
    };
    vec![post_button(format!("{PATH}/{}/retry", delivery.id), "Try again now", Look::Primary), confirm_button(&discard)]
}

fn attempts(attempts: &[Attempt]) -> View {
    let row = |attempt: &Attempt| {
        let (tone, word) = match attempt.outcome.as_str() {
            "sent" => (Tone::Good, "sent"),
            "dead" => (Tone::Bad, "refused for good"),
            _ => (Tone::Warn, "failed"),
        };
        let answer = attempt.code.map_or_else(|| "–".to_owned(), |code| code.to_string());
        let cells = vec![
            moment(attempt.created_at),
            state_dot(tone, word),
            paragraph(&answer),
            paragraph(attempt.detail.as_deref().unwrap_or("–")),
            paragraph(&describe_duration(attempt.duration)),
        ];
        Row::new(cells)
    };
    table(Table {
        caption: "Attempts",
        heads: &[Head::text("When"), Head::text("Outcome"), Head::number("Code"), Head::text("Answer"), Head::number("Took")],
        rows: attempts.iter().map(row).collect(),
        empty: EmptyState {
            title: "Not tried yet",
            sentence: "The first attempt comes as soon as those before it to the same place are done.",
            actions: Vec::new(),
        },
    })
}
