//! What the person can do: go somewhere by a link, change something by a posted form. Nothing here needs JavaScript.

use crate::raw::Markup;
use crate::{Href, View};

/// How loud a button is. One primary a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Look {
    Primary,
    #[default]
    Plain,
    /// Without a box.
    Quiet,
    Danger,
}

impl Look {
    pub(crate) fn class(self) -> &'static str {
        match self {
            Look::Primary => "button primary",
            Look::Plain => "button plain",
            Look::Quiet => "button quiet",
            Look::Danger => "button danger",
        }
    }
}

/// A button that asks first: the question unfolds below it with the button that really does it.
#[derive(Debug, Clone, Default)]
pub struct ConfirmButton<'a> {
    pub label: &'a str,
    /// What will happen, and what cannot be undone.
    pub question: &'a str,
    /// The word on the button that does it.
    pub confirm: &'a str,
    pub action: Href,
    pub look: Look,
    /// Hidden fields of the form.
    pub fields: Vec<(&'static str, String)>,
}

/// A link in running text or in a table.
pub fn link(href: impl Into<Href>, text: &str) -> View {
    anchor(&href.into(), "", text)
}

/// A link that looks like a button.
pub fn link_button(href: impl Into<Href>, text: &str, look: Look) -> View {
    anchor(&href.into(), look.class(), text)
}

/// The submit button of a form. `name` and `value` may be empty; they tell two buttons of one form apart.
pub fn button(text: &str, look: Look, name: &str, value: &str) -> View {
    let mut html = Markup::new();
    html.tag("button").attr("class", look.class()).maybe("name", name).maybe("value", value).text(text).end("button");
    html.into_view()
}

/// A form that is nothing but its button: pause, acknowledge, send test.
pub fn post_button(action: impl Into<Href>, text: &str, look: Look) -> View {
    let mut html = Markup::new();
    html.tag("form").attr("method", "post").attr("action", action.into()).attr("class", "inline-form");
    html.tag("button").attr("class", look.class()).text(text).end("button").end("form");
    html.into_view()
}

pub fn confirm_button(options: &ConfirmButton<'_>) -> View {
    let mut html = Markup::new();
    html.tag("details").attr("class", "confirm").tag("summary").attr("class", options.look.class()).text(options.label).end("summary");
    html.tag("form").attr("method", "post").attr("action", &options.action).attr("class", "confirm-body");
    html.element("p", options.question);
    for (name, value) in &options.fields {
        html.tag("input").attr("type", "hidden").attr("name", name).attr("value", value).done();
    }
    let look = if options.look == Look::Danger { Look::Danger } else { Look::Primary };
    html.tag("button").attr("class", look.class()).text(options.confirm).end("button").end("form").end("details");
    html.into_view()
}

fn anchor(href: &Href, class: &str, text: &str) -> View {
    let mut html = Markup::new();
    html.tag("a").attr("href", href).maybe("class", class);
    if href.is_elsewhere() {
        html.attr("rel", "noopener noreferrer");
    }
    html.text(text).end("a");
    html.into_view()
}
