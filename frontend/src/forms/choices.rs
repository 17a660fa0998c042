//! Fields to choose from.

use super::{Fields, Shell};
use crate::View;
use crate::raw::Markup;

/// What may be chosen: the value on the wire, the words for the person, and one more sentence where it helps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Choice<'a> {
    pub value: &'a str,
    pub label: &'a str,
    pub help: &'a str,
}

impl<'a> Choice<'a> {
    pub fn new(value: &'a str, label: &'a str) -> Self {
        Self { value, label, help: "" }
    }
}

#[derive(Debug, Clone, Copy, Default)]
pub struct Select<'a> {
    pub name: &'a str,
    pub label: &'a str,
    pub value: &'a str,
    pub help: &'a str,
    pub choices: &'a [Choice<'a>],
    pub required: bool,
}

/// One of few, all in sight.
#[derive(Debug, Clone, Copy, Default)]
pub struct Radio<'a> {
    pub name: &'a str,
    pub label: &'a str,
    pub value: &'a str,
    pub help: &'a str,
    pub choices: &'a [Choice<'a>],
    pub required: bool,
}

/// Yes or no. Sends `name=on` when ticked and nothing otherwise.
#[derive(Debug, Clone, Copy, Default)]
pub struct CheckBox<'a> {
    pub name: &'a str,
    pub label: &'a str,
    pub help: &'a str,
    pub is_checked: bool,
}

/// Any of several: sends the same key once for each.
#[derive(Debug, Clone, Copy, Default)]
pub struct CheckList<'a> {
    pub name: &'a str,
    pub label: &'a str,
    pub help: &'a str,
    pub choices: &'a [Choice<'a>],
    pub checked: &'a [&'a str],
    /// Said when there is nothing to choose from.
    pub empty: &'a str,
}

impl Fields<'_> {
    pub fn select(&self, field: Select<'_>) -> View {
        let shell = Shell { name: field.name, label: field.label, help: field.help, required: field.required };
        self.wrap(&shell, |html| {
            html.tag("select");
            self.write_wiring(html, &shell);
            for choice in field.choices {
                html.tag("option").attr("value", choice.value).flag("selected", choice.value == field.value).text(choice.label);
                html.end("option");
            }
            html.end("select");
        })
    }

    pub fn check_box(&self, field: CheckBox<'_>) -> View {
        let shell = Shell { name: field.name, label: field.label, help: field.help, required: false };
        let mut html = Markup::new();
        html.tag("div").attr("class", if self.error(field.name).is_some() { "field check wrong" } else { "field check" });
        html.tag("label").tag("input").attr("type", "checkbox").attr("value", "on");
        self.write_wiring(&mut html, &shell);
        html.flag("checked", field.is_checked).done().tag("span").text(field.label).end("span").end("label");
        self.write_notes(&mut html, &shell);
        html.end("div");
        html.into_view()
    }

    pub fn check_list(&self, field: CheckList<'_>) -> View {
        let shell = Shell { name: field.name, label: field.label, help: field.help, required: false };
        let is_checked = |choice: &Choice<'_>| field.checked.contains(&choice.value);
        self.group(&shell, "checkbox", field.choices, is_checked, field.empty)
    }

    pub fn radio(&self, field: Radio<'_>) -> View {
        let shell = Shell { name: field.name, label: field.label, help: field.help, required: field.required };
        self.group(&shell, "radio", field.choices, |choice| choice.value == field.value, "")
    }

    fn group(&self, shell: &Shell<'_>, kind: &str, choices: &[Choice<'_>], is_checked: impl Fn(&Choice<'_>) -> bool, empty: &str) -> View {
        let mut html = Markup::new();
        html.tag("fieldset").attr("class", if self.error(shell.name).is_some() { "field group wrong" } else { "field group" });
        html.attr("id", self.id(shell.name));
        self.write_description(&mut html, shell);
        html.element("legend", shell.label);
        for (position, choice) in choices.iter().enumerate() {
            let id = format!("{}-{position}", self.id(shell.name));
            html.tag("div").attr("class", "choice").tag("input").attr("type", kind).attr("name", shell.name).attr("value", choice.value);
            html.attr("id", &id).flag("checked", is_checked(choice)).flag("required", shell.required && kind == "radio").done();
            html.tag("label").attr("for", &id).text(choice.label);
            if !choice.help.is_empty() {
                html.tag("span").attr("class", "help").text(choice.help).end("span");
            }
            html.end("label").end("div");
        }
        if choices.is_empty() {
            html.tag("p").attr("class", "help").text(empty).end("p");
        }
        self.write_notes(&mut html, shell);
        html.end("fieldset");
        html.into_view()
    }
}
