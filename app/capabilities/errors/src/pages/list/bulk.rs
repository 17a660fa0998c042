//! What may be done with several issues at once: a form around the list.

use frontend::prelude::*;

use super::super::unfolding;
use super::List;
use crate::search::asked::Asked;

pub fn form(list: &List, table: View) -> View {
    let asked = list.asked.clone();
    let bar = bar(list);
    view! {
        <form method="post" action="/errors/acts" class="bulk">
            {kept(&asked)}
            {bar}
            {table}
        </form>
    }
    .into_any()
}

/// So that all that was found can be meant, and so that the list comes back as it was.
fn kept(asked: &Asked) -> View {
    let project = asked.project.map(|id| id.to_string()).unwrap_or_default();
    view! {
        {hidden("state", asked.tab.as_str())}
        {hidden("sort", asked.sort.as_str())}
        {hidden("range", asked.range.as_str())}
        {hidden("project", &project)}
        {hidden("q", &asked.text)}
    }
    .into_any()
}

fn bar(list: &List) -> View {
    let fields = Fields::within("bulk", &[]);
    let which = [Choice::new("picked", "The ticked ones"), Choice::new("found", "All that were found, on all pages")];
    let mut people = vec![Choice::new("", "Nobody")];
    let ids: Vec<String> = list.members.iter().map(|(id, _)| id.to_string()).collect();
    people.extend(list.members.iter().zip(&ids).map(|((_, name), id)| Choice::new(id, name)));
    let ignore = view! {
        {fields.select(Select { name: "until", label: "Ignore", value: "week", choices: &UNTIL, ..Select::default() })}
        {fields.number(NumberField { name: "amount", label: "So many", value: "100", min: Some(1), max: Some(1_000_000_000), ..NumberField::default() })}
        {button("Ignore them", Look::Plain, "act", "ignore")}
    }
    .into_any();
    let assign = view! {
        {fields.select(Select { name: "member", label: "Assign to", choices: &people, ..Select::default() })}
        {button("Assign them", Look::Plain, "act", "assign")}
    }
    .into_any();
    let merge = view! {
        <p>"They become one issue, the oldest of them. Its history can undo that."</p>
        {button("Merge them", Look::Plain, "act", "merge")}
    }
    .into_any();
    let delete = view! {
        <p>"Their counts, history and events are gone for good. An event that comes after that opens a new issue."</p>
        {button("Delete them", Look::Danger, "act", "delete")}
    }
    .into_any();
    view! {
        <div class="bulk-bar">
            {fields.select(Select { name: "which", label: "Do it with", value: "picked", choices: &which, ..Select::default() })}
            {button("Resolve", Look::Plain, "act", "resolve")}
            {button("Reopen", Look::Quiet, "act", "reopen")}
            {unfolding("Ignore", Look::Quiet, ignore)}
            {unfolding("Assign", Look::Quiet, assign)}
            {unfolding("Merge", Look::Quiet, merge)}
            {unfolding("Delete", Look::Quiet, delete)}
        </div>
    }
    .into_any()
}

/// How long something is ignored.
pub const UNTIL: [Choice<'static>; 6] = [
    Choice { value: "day", label: "for a day", help: "" },
    Choice { value: "week", label: "for a week", help: "" },
    Choice { value: "month", label: "for 30 days", help: "" },
    Choice { value: "events", label: "until so many more events", help: "" },
    Choice { value: "users", label: "until so many more users", help: "" },
    Choice { value: "ever", label: "for ever", help: "" },
];
