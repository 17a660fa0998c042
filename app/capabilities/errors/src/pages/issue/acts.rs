//! What may be done about an issue: each is a form that works without JavaScript.

use frontend::prelude::*;

use super::Shown;
use crate::model::State;
use crate::pages::list::bulk::UNTIL;
use crate::pages::unfolding;

pub fn bar(shown: &Shown) -> View {
    if !shown.can_act {
        return ().into_any();
    }
    let path = |act: &str| format!("/errors/{}/{act}", shown.issue.id);
    let mut acts = Vec::new();
    if shown.issue.state.is_open() {
        acts.push(post_button(path("resolve"), "Resolve", Look::Primary));
    } else {
        acts.push(post_button(path("reopen"), "Reopen", Look::Primary));
    }
    if !matches!(shown.issue.state, State::Resolved(_)) {
        acts.push(unfolding("Resolve in…", Look::Plain, resolve_form(shown)));
    }
    if !matches!(shown.issue.state, State::Ignored(_)) {
        acts.push(unfolding("Ignore…", Look::Plain, ignore_form(shown)));
    }
    acts.push(unfolding("Assign…", Look::Plain, assign_form(shown)));
    acts.push(unfolding("Merge…", Look::Plain, merge_form(shown)));
    acts.push(confirm_button(&ConfirmButton {
        label: "Delete",
        question: "Counts, history and events of this issue are gone for good. An event that comes after that opens a new issue.",
        confirm: "Delete it",
        action: path("delete").into(),
        look: Look::Danger,
        ..ConfirmButton::default()
    }));
    view! { <div class="issue-acts">{actions(acts)}</div> }.into_any()
}

fn resolve_form(shown: &Shown) -> View {
    let fields = Fields::within("resolve", &[]);
    let ids: Vec<String> = shown.releases.iter().map(|(id, _)| id.to_string()).collect();
    let mut choices = vec![Choice::new("next", "the next release")];
    choices.extend(shown.releases.iter().zip(&ids).map(|((_, version), id)| Choice::new(id, version)));
    let help = "Events of older releases are counted and do not open it again.";
    form(
        Form { action: format!("/errors/{}/resolve", shown.issue.id).into(), ..Form::default() },
        view! {
            {fields.select(Select { name: "release", label: "It is gone in", help, choices: &choices, ..Select::default() })}
            {submit_row(&SubmitRow { label: "Resolve", look: Look::Primary, ..SubmitRow::default() })}
        },
    )
}

fn ignore_form(shown: &Shown) -> View {
    let fields = Fields::within("ignore", &[]);
    let amount = NumberField {
        name: "amount",
        label: "So many",
        value: "100",
        help: "For “until so many more”.",
        min: Some(1),
        max: Some(1_000_000_000),
        ..NumberField::default()
    };
    form(
        Form { action: format!("/errors/{}/ignore", shown.issue.id).into(), ..Form::default() },
        view! {
            {fields.select(Select { name: "until", label: "Ignore", value: "week", choices: &UNTIL, ..Select::default() })}
            {fields.number(amount)}
            {submit_row(&SubmitRow { label: "Ignore", look: Look::Primary, ..SubmitRow::default() })}
        },
    )
}

fn assign_form(shown: &Shown) -> View {
    let fields = Fields::within("assign", &[]);
    let ids: Vec<String> = shown.members.iter().map(|(id, _)| id.to_string()).collect();
    let mut choices = vec![Choice::new("", "Nobody")];
    choices.extend(shown.members.iter().zip(&ids).map(|((_, name), id)| Choice::new(id, name)));
    // Who opens this is most often the one who takes it.
    let own = shown.issue.assignee.or(shown.me).map(|id| id.to_string()).unwrap_or_default();
    form(
        Form { action: format!("/errors/{}/assign", shown.issue.id).into(), ..Form::default() },
        view! {
            {fields.select(Select { name: "member", label: "Assign to", value: &own, choices: &choices, ..Select::default() })}
            {submit_row(&SubmitRow { label: "Assign", look: Look::Primary, ..SubmitRow::default() })}
        },
    )
}

fn merge_form(shown: &Shown) -> View {
    let fields = Fields::within("merge", &[]);
    let help = "It stands among the facts of the other issue. This one becomes a part of it; its history can undo that.";
    form(
        Form { action: format!("/errors/{}/merge", shown.issue.id).into(), ..Form::default() },
        view! {
            {fields.number(NumberField { name: "into", label: "Number of the other issue", help, min: Some(1), required: true, ..NumberField::default() })}
            {submit_row(&SubmitRow { label: "Merge", look: Look::Primary, ..SubmitRow::default() })}
        },
    )
}
