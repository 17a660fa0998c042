//! Forms: labelled fields that keep what was typed, show what was wrong beside it, and post without JavaScript.
//!
//! [`Fields`] holds the errors of the last try and draws the fields: `let fields = Fields::new(&errors);
//! form(Form { action, ..Form::default() }, view! { {fields.summary()} {fields.text(TextField { … })} {submit_row(…)} })`.

mod choices;
mod inputs;

pub use choices::{CheckBox, CheckList, Choice, Radio, Select};
pub use inputs::{FileField, NumberField, SecretField, TextArea, TextField, TextKind};

use kernel::error::FieldError;
use leptos::prelude::*;

use crate::parts::Look;
use crate::raw::Markup;
use crate::{Href, Tone, View};

#[derive(Debug, Clone, Default)]
pub struct Form {
    pub action: Href,
    /// Files may be chosen in it.
    pub is_upload: bool,
}

/// The end of a form.
#[derive(Debug, Clone, Default)]
pub struct SubmitRow<'a> {
    pub label: &'a str,
    pub look: Look,
    /// Where "Cancel" leads; empty for no such link.
    pub cancel: Href,
}

/// Draws fields. Names are the names on the wire; the ids are made of them.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a> {
    prefix: &'a str,
    errors: &'a [FieldError],
}

pub fn form(options: Form, body: impl IntoView + 'static) -> View {
    let mut html = Markup::new();
    html.tag("form").attr("method", "post").attr("action", &options.action).attr("class", "form");
    html.maybe("enctype", if options.is_upload { "multipart/form-data" } else { "" });
    html.view(body.into_any()).end("form");
    html.into_view()
}

/// A form that only asks: search, filters. Its fields end up in the address.
pub fn filter_form(action: impl Into<Href>, body: impl IntoView + 'static) -> View {
    let mut html = Markup::new();
    html.tag("form").attr("method", "get").attr("action", action.into()).attr("class", "filter-form");
    html.view(body.into_any()).end("form");
    html.into_view()
}

/// Fields that belong together, under a heading of their own.
pub fn field_set(title: &str, help: &str, body: impl IntoView + 'static) -> View {
    let mut html = Markup::new();
    html.tag("fieldset").element("legend", title);
    if !help.is_empty() {
        html.tag("p").attr("class", "help").text(help).end("p");
    }
    html.view(body.into_any()).end("fieldset");
    html.into_view()
}

/// Two or three short fields side by side where the width allows.
pub fn field_row(fields: Vec<View>) -> View {
    view! { <div class="field-row">{fields}</div> }.into_any()
}

pub fn hidden(name: &str, value: &str) -> View {
    let mut html = Markup::new();
    html.tag("input").attr("type", "hidden").attr("name", name).attr("value", value).done();
    html.into_view()
}

pub fn submit_row(options: &SubmitRow<'_>) -> View {
    let mut html = Markup::new();
    html.tag("div").attr("class", "submit-row").tag("button").attr("class", options.look.class()).text(options.label).end("button");
    if !options.cancel.is_empty() {
        html.tag("a").attr("class", Look::Quiet.class()).attr("href", &options.cancel).text("Cancel").end("a");
    }
    html.end("div");
    html.into_view()
}

/// What all fields have: how they are named, explained and corrected.
pub(crate) struct Shell<'a> {
    pub name: &'a str,
    pub label: &'a str,
    pub help: &'a str,
    pub required: bool,
}

impl<'a> Fields<'a> {
    pub fn new(errors: &'a [FieldError]) -> Self {
        Self { prefix: "field", errors }
    }

    /// For the second form of a page: ids begin with `prefix`, so that labels point to the right one.
    pub fn within(prefix: &'a str, errors: &'a [FieldError]) -> Self {
        Self { prefix, errors }
    }

    /// All errors above the form, each with a link to its field. Nothing when all is well.
    pub fn summary(&self) -> View {
        if self.errors.is_empty() {
            return ().into_any();
        }
        let title = match self.errors.len() {
            1 => "One thing needs your attention.".to_owned(),
            count => format!("{count} things need your attention."),
        };
        let mut list = Markup::new();
        list.tag("ul");
        for error in self.errors {
            list.tag("li").tag("a").attr("href", Href::anchor(&self.id(&error.field))).text(&error.message).end("a").end("li");
        }
        list.end("ul");
        crate::parts::notice_about(Tone::Bad, &title, list.into_view())
    }

    pub(crate) fn id(&self, name: &str) -> String {
        format!("{}-{}", self.prefix, name.replace(|c: char| !c.is_ascii_alphanumeric(), "-"))
    }

    pub(crate) fn error(&self, name: &str) -> Option<&'a str> {
        self.errors.iter().find(|error| error.field == name).map(|error| error.message.as_str())
    }

    /// Label, control, help and error in their usual order.
    pub(crate) fn wrap(&self, shell: &Shell<'_>, control: impl FnOnce(&mut Markup)) -> View {
        let mut html = Markup::new();
        html.tag("div").attr("class", if self.error(shell.name).is_some() { "field wrong" } else { "field" });
        html.tag("label").attr("for", self.id(shell.name)).text(shell.label);
        if shell.required {
            html.tag("span").attr("class", "required").attr("aria-hidden", "true").text("*").end("span");
        }
        html.end("label");
        control(&mut html);
        self.write_notes(&mut html, shell);
        html.end("div");
        html.into_view()
    }

    /// Name, id and the links to help and error, on the control that was just begun.
    pub(crate) fn write_wiring(&self, html: &mut Markup, shell: &Shell<'_>) {
        html.attr("name", shell.name).attr("id", self.id(shell.name)).flag("required", shell.required);
        self.write_description(html, shell);
    }

    pub(crate) fn write_description(&self, html: &mut Markup, shell: &Shell<'_>) {
        let id = self.id(shell.name);
        let mut described = Vec::new();
        if self.error(shell.name).is_some() {
            html.attr("aria-invalid", "true");
            described.push(format!("{id}-error"));
        }
        if !shell.help.is_empty() {
            described.push(format!("{id}-help"));
        }
        html.maybe("aria-describedby", &described.join(" "));
    }

    pub(crate) fn write_notes(&self, html: &mut Markup, shell: &Shell<'_>) {
        let id = self.id(shell.name);
        if let Some(message) = self.error(shell.name) {
            html.tag("p").attr("class", "error").attr("id", format!("{id}-error")).view(Tone::Bad.glyph()).text(message).end("p");
        }
        if !shell.help.is_empty() {
            html.tag("p").attr("class", "help").attr("id", format!("{id}-help")).text(shell.help).end("p");
        }
    }
}
