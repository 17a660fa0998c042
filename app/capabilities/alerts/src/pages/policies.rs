//! Escalation policies: the list and the form with its steps.

use frontend::prelude::*;
use kernel::error::FieldError;
use kernel::time::describe_duration;

use super::rules::{target_choices, target_names};
use super::{Place, places};
use crate::channel::Channel;
use crate::policy::NotifyPolicy;
use crate::rule::Target;

/// Steps the form has room for.
pub const STEPS: usize = 6;

pub fn list(all: &[NotifyPolicy], channels: &[Channel], can_edit: bool) -> View {
    let new = || if can_edit { vec![link_button("/alerts/policies/new", "New policy", Look::Primary)] } else { Vec::new() };
    let head = page_head(PageHead {
        title: "Escalation",
        lead: "Who is told next while nobody acknowledges.",
        actions: new(),
        ..PageHead::default()
    });
    let body = table(Table {
        caption: "Escalation policies",
        heads: &[Head::text("Policy"), Head::text("Steps"), Head::text("Repeats")],
        rows: all.iter().map(|policy| row(policy, channels)).collect(),
        empty: EmptyState {
            title: "No policies yet",
            sentence: "A policy for one person: at once by chat and mail, after 5 minutes by text message, after 15 minutes again.",
            actions: new(),
        },
    });
    view! { {head} {places(Place::Policies)} {card(Card { is_flush: true, ..Card::default() }, body)} }.into_any()
}

fn row(policy: &NotifyPolicy, channels: &[Channel]) -> Row {
    let steps: Vec<String> = policy
        .steps
        .iter()
        .map(|step| {
            let wait = if step.wait.is_zero() { "at once".to_owned() } else { format!("after {}", describe_duration(step.wait)) };
            format!("{wait}: {}", target_names(&step.targets, channels))
        })
        .collect();
    let repeats = match policy.repeat {
        0 => "no".to_owned(),
        1 => "once".to_owned(),
        times => format!("{times} times"),
    };
    Row::new(vec![link(format!("/alerts/policies/{}", policy.id), &policy.name), muted(&steps.join(", then ")), muted(&repeats)])
}

pub fn form(policy: Option<&NotifyPolicy>, channels: &[Channel], errors: &[FieldError]) -> View {
    let removal = policy.map(|policy| {
        confirm_button(&ConfirmButton {
            label: "Remove",
            question: "Rules that use this policy no longer escalate.",
            confirm: "Remove the policy",
            action: format!("/alerts/policies/{}/remove", policy.id).into(),
            look: Look::Danger,
            ..ConfirmButton::default()
        })
    });
    let head = page_head(PageHead {
        title: policy.map_or("New policy", |policy| &policy.name),
        trail: vec![("Escalation", "/alerts/policies".into())],
        actions: removal.into_iter().collect(),
        ..PageHead::default()
    });
    let action = policy.map_or("/alerts/policies".to_owned(), |policy| format!("/alerts/policies/{}", policy.id));
    let fields = Fields::new(errors);
    // A form for six steps at once is long; most ladders have two.
    let shown = policy.map_or(2, |policy| policy.steps.len() + 1).min(STEPS);
    let step_of = |position| step(&fields, position, policy, channels);
    let mut steps: Vec<View> = (1..=shown).map(step_of).collect();
    if shown < STEPS {
        steps.push(disclosure("More steps", !errors.is_empty(), (shown + 1..=STEPS).map(step_of).collect::<Vec<View>>()));
    }
    let repeat = policy.map(|policy| policy.repeat.to_string()).unwrap_or_default();
    let body = frontend::prelude::form(
        Form { action: action.into(), ..Form::default() },
        view! {
            {fields.summary()}
            {fields.text(TextField { name: "name", label: "Name", value: policy.map_or("", |policy| &policy.name), required: true, max: 80, ..TextField::default() })}
            {steps}
            {fields.number(NumberField { name: "repeat", label: "Repeat the whole ladder", value: &repeat, help: "0 to 5 times.", min: Some(0), max: Some(5), ..NumberField::default() })}
            {submit_row(&SubmitRow { label: "Save", look: Look::Primary, cancel: "/alerts/policies".into() })}
        },
    );
    view! { {head} {card(Card::default(), body)} }.into_any()
}

fn step(fields: &Fields<'_>, position: usize, policy: Option<&NotifyPolicy>, channels: &[Channel]) -> View {
    let own = policy.and_then(|policy| policy.steps.get(position - 1));
    let (wait_name, channels_name) = (format!("wait_{position}"), format!("channels_{position}"));
    let wait = own.map(|step| (step.wait.as_secs() / 60).to_string()).unwrap_or_default();
    let checked: Vec<String> = own.map(|step| step.targets.iter().map(Target::as_text).collect()).unwrap_or_default();
    let checked: Vec<&str> = checked.iter().map(String::as_str).collect();
    // Kinds nobody has a channel of would only make six long lists longer.
    let is_useful = |value: &str| match Target::parse(value) {
        Ok(Target::Kind(kind)) => checked.contains(&value) || channels.iter().any(|channel| channel.kind == kind),
        _ => true,
    };
    let values = target_choices(channels);
    let choices: Vec<Choice<'_>> =
        values.iter().filter(|(value, _)| is_useful(value)).map(|(value, label)| Choice::new(value, label)).collect();
    let help = if position == 1 { "" } else { "Leave it without channels when the ladder is shorter." };
    field_set(
        &format!("Step {position}"),
        help,
        view! {
            {fields.number(NumberField { name: &wait_name, label: "Wait", value: &wait, help: "After the step before.", unit: "min", min: Some(0), max: Some(1_440), ..NumberField::default() })}
            {fields.check_list(CheckList { name: &channels_name, label: "Tell", choices: &choices, checked: &checked, ..CheckList::default() })}
        },
    )
}
