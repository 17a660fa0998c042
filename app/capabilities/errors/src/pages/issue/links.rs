//! What else an issue has to do with: monitors of this house, and addresses elsewhere.

use frontend::prelude::*;
use kernel::text::WebUrl;

use super::Shown;
use crate::model::{Link, LinkKind};

pub fn card(shown: &Shown) -> Option<View> {
    if shown.links.is_empty() && !shown.can_act {
        return None;
    }
    let lines: Vec<View> = shown.links.iter().map(|link| line(shown, link)).collect();
    let add = shown.can_act.then(|| disclosure("Add a link", false, add_form(shown)));
    Some(frontend::parts::card(Card { title: "Links", ..Card::default() }, view! { <ul class="lines">{lines}</ul> {add} }))
}

fn line(shown: &Shown, of: &Link) -> View {
    let label = if of.label.is_empty() { &of.target } else { &of.label };
    let shown_link = match of.kind {
        LinkKind::Monitor => link(format!("/uptime/monitors/{}", of.target), label),
        // What was stored is checked again: nothing but a web address becomes a link.
        LinkKind::Url => WebUrl::parse(&of.target).map_or_else(|_| code(label), |url| link(&url, label)),
        LinkKind::Ticket | LinkKind::Replay => code(label),
    };
    let remove = shown.can_act.then(|| post_button(format!("/errors/{}/links/{}/remove", shown.issue.id, of.id), "Remove", Look::Quiet));
    view! { <li>{shown_link} " " {remove}</li> }.into_any()
}

fn add_form(shown: &Shown) -> View {
    let fields = Fields::within("link", &[]);
    let help = "A ticket of your tracker, a pull request, or a monitor of this house: /uptime/monitors/3.";
    let target = TextField { name: "target", label: "Address", help, required: true, max: 2_000, ..TextField::default() };
    form(
        Form { action: format!("/errors/{}/links", shown.issue.id).into(), ..Form::default() },
        view! {
            {fields.text(target)}
            {fields.text(TextField { name: "label", label: "Name", max: 120, ..TextField::default() })}
            {submit_row(&SubmitRow { label: "Add", look: Look::Plain, ..SubmitRow::default() })}
        },
    )
}
