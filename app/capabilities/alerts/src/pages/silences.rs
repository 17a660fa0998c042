//! Silences that hold, and the form for a new one.

use frontend::prelude::*;
use kernel::Time;
use kernel::error::FieldError;

use super::{Place, places};
use crate::manage::silences::{Scope, SilenceDoc};
use crate::rule::AlertRule;
use crate::silence::Silence;

/// The choice of no end.
pub const LIFTED: &str = "lifted";

pub struct List {
    pub current: Vec<Silence>,
    pub rules: Vec<AlertRule>,
    pub can_act: bool,
    pub now: Time,
    /// What stands in the form.
    pub typed: SilenceDoc,
    pub errors: Vec<FieldError>,
}

pub fn list(list: &List) -> View {
    let head = page_head(PageHead {
        title: "Silences",
        lead: "What matches makes no noise. It is recorded, and told when the silence ends if it is still open.",
        ..PageHead::default()
    });
    let body = table(Table {
        caption: "Silences",
        heads: &[Head::text("Covers"), Head::text("Reason"), Head::text("Ends"), Head::text("Made by"), Head::hidden("Actions")],
        rows: list.current.iter().map(|silence| row(silence, list)).collect(),
        empty: EmptyState {
            title: "Nothing is silenced",
            sentence: "Before planned work, silence what it will disturb.",
            actions: Vec::new(),
        },
    });
    let new = list.can_act.then(|| card(Card { title: "New silence", ..Card::default() }, new_form(list)));
    view! { {head} {places(Place::Silences)} {live("silences", card(Card { is_flush: true, ..Card::default() }, body))} {new} }.into_any()
}

fn row(silence: &Silence, list: &List) -> Row {
    let scope = silence.scope(&list.rules);
    let covers = if silence.is_total() { state_badge(Tone::Warn, &scope) } else { paragraph(&scope) };
    let ends = match silence.ends_at {
        Some(end) => ago(end, list.now),
        None if silence.alert.is_some() => muted("when it is resolved"),
        None => muted("when it is lifted"),
    };
    let lift = if list.can_act { post_button(format!("/alerts/silences/{}/lift", silence.id), "Lift", Look::Quiet) } else { ().into_any() };
    let reason = if silence.reason.is_empty() { "none given" } else { &silence.reason };
    Row::new(vec![covers, muted(reason), ends, muted(&silence.made_by), lift])
}

/// Nothing is chosen beforehand: silence over everything must be meant.
fn new_form(list: &List) -> View {
    let (fields, typed) = (Fields::new(&list.errors), &list.typed);
    let scopes = [
        Choice::new(Scope::Rule.as_str(), "One rule"),
        Choice::new(Scope::Matching.as_str(), "What contains a text"),
        Choice { value: Scope::Everything.as_str(), label: "Everything", help: "Nobody is told of anything. Needs a reason and an end." },
    ];
    let mut rules = vec![Choice::new("", "Choose a rule")];
    rules.extend(list.rules.iter().map(|rule| Choice::new(&rule.key, &rule.name)));
    let spans = [
        Choice::new("1", "1 hour"),
        Choice::new("4", "4 hours"),
        Choice::new("8", "8 hours"),
        Choice::new("24", "1 day"),
        Choice::new("168", "1 week"),
        Choice::new(LIFTED, "Until it is lifted"),
    ];
    let hours = if typed.until_lifted { LIFTED.to_owned() } else { typed.hours.unwrap_or(1).to_string() };
    form(
        Form { action: "/alerts/silences".into(), ..Form::default() },
        view! {
            {fields.summary()}
            {fields.radio(Radio { name: "scope", label: "What to silence", value: &typed.scope, choices: &scopes, required: true, ..Radio::default() })}
            {field_row(vec![
                fields.select(Select { name: "rule", label: "Rule", value: &typed.rule, help: "For one rule.", choices: &rules, ..Select::default() }),
                fields.text(TextField { name: "matching", label: "Name or target contains", value: &typed.matching, help: "For what contains a text.", max: 120, ..TextField::default() }),
            ])}
            {field_row(vec![
                fields.select(Select { name: "hours", label: "For", value: &hours, choices: &spans, required: true, ..Select::default() }),
                fields.text(TextField { name: "reason", label: "Reason", value: &typed.reason, max: 300, ..TextField::default() }),
            ])}
            {submit_row(&SubmitRow { label: "Silence", look: Look::Primary, ..SubmitRow::default() })}
        },
    )
}

/// What makes no noise now, above the alerts that would.
pub(crate) fn banner(lines: &[String]) -> View {
    if lines.is_empty() {
        return ().into_any();
    }
    let mut body: Vec<View> = lines.iter().map(|line| paragraph(line)).collect();
    body.push(link("/alerts/silences", "See the silences"));
    notice_about(Tone::Warn, "Nobody is told of what is silenced.", stack(body))
}
