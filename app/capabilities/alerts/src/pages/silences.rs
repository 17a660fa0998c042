//! Silences that hold, and the form for a new one.

use frontend::prelude::*;
use kernel::Time;

use super::{Place, places};
use crate::rule::AlertRule;
use crate::silence::Silence;

pub fn list(current: &[Silence], rules: &[AlertRule], can_act: bool, now: Time) -> View {
    let head = page_head(PageHead {
        title: "Silences",
        lead: "What matches makes no noise. It is recorded, and told when the silence ends if it is still open.",
        ..PageHead::default()
    });
    let body = table(Table {
        caption: "Silences",
        heads: &[Head::text("Covers"), Head::text("Reason"), Head::text("Ends"), Head::text("Made by"), Head::hidden("Actions")],
        rows: current.iter().map(|silence| row(silence, rules, can_act, now)).collect(),
        empty: EmptyState {
            title: "Nothing is silenced",
            sentence: "Before planned work, silence what it will disturb.",
            actions: Vec::new(),
        },
    });
    let new = can_act.then(|| card(Card { title: "New silence", ..Card::default() }, new_form(rules)));
    view! { {head} {places(Place::Silences)} {live("silences", card(Card { is_flush: true, ..Card::default() }, body))} {new} }.into_any()
}

fn row(silence: &Silence, rules: &[AlertRule], can_act: bool, now: Time) -> Row {
    let rule = silence.rule.and_then(|id| rules.iter().find(|rule| rule.id == id)).map(|rule| format!("rule “{}”", rule.name));
    let text = (!silence.matching.is_empty()).then(|| format!("“{}”", silence.matching));
    let alert = silence.alert.map(|alert| format!("alert {alert}"));
    let parts: Vec<String> = [rule, text, alert].into_iter().flatten().collect();
    let covers = if parts.is_empty() { "everything".to_owned() } else { parts.join(" and ") };
    let ends = match silence.ends_at {
        Some(end) => ago(end, now),
        None if silence.alert.is_some() => muted("when it is resolved"),
        None => muted("when it is lifted"),
    };
    let lift = if can_act { post_button(format!("/alerts/silences/{}/lift", silence.id), "Lift", Look::Quiet) } else { ().into_any() };
    Row::new(vec![muted(&covers), muted(&silence.reason), ends, muted(&silence.made_by), lift])
}

fn new_form(rules: &[AlertRule]) -> View {
    let fields = Fields::new(&[]);
    let ids: Vec<String> = rules.iter().map(|rule| rule.id.to_string()).collect();
    let mut choices = vec![Choice::new("", "Every rule")];
    choices.extend(ids.iter().zip(rules).map(|(id, rule)| Choice::new(id, &rule.name)));
    form(
        Form { action: "/alerts/silences".into(), ..Form::default() },
        view! {
            {field_row(vec![
                fields.select(Select { name: "rule", label: "Rule", choices: &choices, ..Select::default() }),
                fields.text(TextField { name: "matching", label: "Name or target contains", help: "Empty covers everything.", max: 120, ..TextField::default() }),
                fields.number(NumberField { name: "hours", label: "For", value: "1", help: "Empty: until it is lifted.", unit: "h", min: Some(1), max: Some(8_760), ..NumberField::default() }),
            ])}
            {fields.text(TextField { name: "reason", label: "Reason", max: 300, ..TextField::default() })}
            {submit_row(&SubmitRow { label: "Silence", look: Look::Primary, ..SubmitRow::default() })}
        },
    )
}
