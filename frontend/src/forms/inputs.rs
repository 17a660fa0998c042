//! Fields to type into.

use super::{Fields, Shell};
use crate::View;

/// What is typed: helps keyboards, password managers and the browser's own check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TextKind {
    #[default]
    Text,
    Email,
    Url,
    Search,
    Phone,
    Color,
    /// A day, `2026-11-23`.
    Date,
    /// A day and time without zone, `2026-11-23T14:30`; the label or help has to name the zone.
    DateTime,
    /// A time of the day, `22:00`.
    TimeOfDay,
    /// Digits of a one-time code.
    OneTimeCode,
}

impl TextKind {
    fn input_type(self) -> &'static str {
        match self {
            TextKind::Text | TextKind::OneTimeCode => "text",
            TextKind::Email => "email",
            TextKind::Url => "url",
            TextKind::Search => "search",
            TextKind::Phone => "tel",
            TextKind::Color => "color",
            TextKind::Date => "date",
            TextKind::DateTime => "datetime-local",
            TextKind::TimeOfDay => "time",
        }
    }
}

#[derive(Debug, Clone, Copy, Default)]
pub struct TextField<'a> {
    pub name: &'a str,
    pub label: &'a str,
    pub value: &'a str,
    pub help: &'a str,
    pub kind: TextKind,
    /// An example; never the only explanation.
    pub placeholder: &'a str,
    pub required: bool,
    /// The largest number of characters; 0 for no limit.
    pub max: usize,
    /// As in HTML, such as `username`; empty for `off`.
    pub autocomplete: &'a str,
    /// The person starts here; at most one of a page.
    pub has_focus: bool,
}

#[derive(Debug, Clone, Copy, Default)]
pub struct NumberField<'a> {
    pub name: &'a str,
    pub label: &'a str,
    /// As it was typed, so that a wrong number comes back as it was.
    pub value: &'a str,
    pub help: &'a str,
    /// Behind the number: `s`, `%`.
    pub unit: &'a str,
    pub min: Option<i64>,
    pub max: Option<i64>,
    /// Parts of one are allowed.
    pub is_decimal: bool,
    pub required: bool,
}

/// A secret: what is stored is never sent back to the page.
#[derive(Debug, Clone, Copy, Default)]
pub struct SecretField<'a> {
    pub name: &'a str,
    pub label: &'a str,
    pub help: &'a str,
    /// One is stored: the field may be left empty to keep it.
    pub is_set: bool,
    pub required: bool,
    /// `current-password`, `new-password`; empty for `off`.
    pub autocomplete: &'a str,
}

#[derive(Debug, Clone, Copy, Default)]
pub struct TextArea<'a> {
    pub name: &'a str,
    pub label: &'a str,
    pub value: &'a str,
    pub help: &'a str,
    pub placeholder: &'a str,
    pub required: bool,
    /// Lines shown at first; 0 for four.
    pub rows: u8,
    pub max: usize,
    /// Letters of equal width, for headers, bodies and templates.
    pub is_code: bool,
}

/// A file to send; the form needs `is_upload`.
#[derive(Debug, Clone, Copy, Default)]
pub struct FileField<'a> {
    pub name: &'a str,
    pub label: &'a str,
    pub help: &'a str,
    /// As in HTML: `.json,application/json`. A hint for the person, not a check.
    pub accept: &'a str,
    pub required: bool,
}

impl Fields<'_> {
    pub fn text(&self, field: TextField<'_>) -> View {
        let shell = Shell { name: field.name, label: field.label, help: field.help, required: field.required };
        self.wrap(&shell, |html| {
            html.tag("input").attr("type", field.kind.input_type());
            self.write_wiring(html, &shell);
            html.attr("value", field.value).maybe("placeholder", field.placeholder);
            if field.max > 0 {
                html.attr("maxlength", field.max);
            }
            match field.kind {
                TextKind::OneTimeCode => html.attr("inputmode", "numeric").attr("autocomplete", "one-time-code"),
                _ => html.attr("autocomplete", if field.autocomplete.is_empty() { "off" } else { field.autocomplete }),
            };
            if matches!(field.kind, TextKind::Url | TextKind::Email) {
                html.attr("spellcheck", "false").attr("autocapitalize", "none");
            }
            html.flag("autofocus", field.has_focus).done();
        })
    }

    pub fn number(&self, field: NumberField<'_>) -> View {
        let shell = Shell { name: field.name, label: field.label, help: field.help, required: field.required };
        self.wrap(&shell, |html| {
            html.tag("div").attr("class", "with-unit").tag("input").attr("type", "number");
            self.write_wiring(html, &shell);
            html.attr("value", field.value).attr("step", if field.is_decimal { "any" } else { "1" });
            if let Some(min) = field.min {
                html.attr("min", min);
            }
            if let Some(max) = field.max {
                html.attr("max", max);
            }
            html.attr("inputmode", if field.is_decimal { "decimal" } else { "numeric" }).done();
            if !field.unit.is_empty() {
                html.tag("span").attr("class", "unit").text(field.unit).end("span");
            }
            html.end("div");
        })
    }

    pub fn secret(&self, field: SecretField<'_>) -> View {
        let keep = "One is stored. Leave this empty to keep it.";
        let help = match (field.is_set, field.help) {
            (true, "") => keep.to_owned(),
            (true, help) => format!("{help} {keep}"),
            (false, help) => help.to_owned(),
        };
        let shell = Shell { name: field.name, label: field.label, help: &help, required: field.required && !field.is_set };
        self.wrap(&shell, |html| {
            html.tag("input").attr("type", "password");
            self.write_wiring(html, &shell);
            html.attr("autocomplete", if field.autocomplete.is_empty() { "off" } else { field.autocomplete });
            html.maybe("placeholder", if field.is_set { "••••••••" } else { "" }).done();
        })
    }

    pub fn file(&self, field: FileField<'_>) -> View {
        let shell = Shell { name: field.name, label: field.label, help: field.help, required: field.required };
        self.wrap(&shell, |html| {
            html.tag("input").attr("type", "file");
            self.write_wiring(html, &shell);
            html.maybe("accept", field.accept).done();
        })
    }

    pub fn text_area(&self, field: TextArea<'_>) -> View {
        let shell = Shell { name: field.name, label: field.label, help: field.help, required: field.required };
        self.wrap(&shell, |html| {
            html.tag("textarea");
            self.write_wiring(html, &shell);
            html.attr("rows", if field.rows == 0 { 4 } else { field.rows }).maybe("placeholder", field.placeholder);
            html.maybe("class", if field.is_code { "code-input" } else { "" });
            if field.is_code {
                html.attr("spellcheck", "false");
            }
            if field.max > 0 {
                html.attr("maxlength", field.max);
            }
            // A browser drops one line break after the tag: this one, and not the first that was typed.
            html.text("\n").text(field.value).end("textarea");
        })
    }
}
