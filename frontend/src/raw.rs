//! The only place that writes markup by hand: Leptos 0.8 leaves the children of `<textarea>`, `<title>`, `<script>`, `<style>` and
//! `<noscript>` unescaped, so these elements exist here alone.
//!
//! - [`Markup`]: a writer in which every attribute and text is escaped; forms and charts are made of it
//! - [`json_island`]: data for a script of ours
//! - [`raw_html`], [`svg`], [`inline_style`]: text that is markup already, from the sanitiser or from the binary itself

use leptos::prelude::{IntoAny, RenderHtml};
use leptos::tachys::html::InertElement;
use serde::Serialize;
use std::borrow::Cow;
use std::fmt::{self, Display, Write};

use crate::View;

/// Writes elements one after the other. Tag and attribute names are fixed text; values and texts are escaped.
#[derive(Debug, Clone, Default)]
pub struct Markup {
    html: String,
    is_in_tag: bool,
}

impl Markup {
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts an element: attributes may follow until the next text, element or end.
    pub fn tag(&mut self, name: &'static str) -> &mut Self {
        self.leave_tag();
        self.html.push('<');
        self.html.push_str(name);
        self.is_in_tag = true;
        self
    }

    pub fn attr(&mut self, name: &'static str, value: impl Display) -> &mut Self {
        debug_assert!(self.is_in_tag, "an attribute outside of a tag");
        self.html.push(' ');
        self.html.push_str(name);
        self.html.push_str("=\"");
        self.write_escaped(value);
        self.html.push('"');
        self
    }

    /// An attribute that is left out when it has no value.
    pub fn maybe(&mut self, name: &'static str, value: &str) -> &mut Self {
        if value.is_empty() { self } else { self.attr(name, value) }
    }

    /// An attribute without value, such as `required`.
    pub fn flag(&mut self, name: &'static str, is_set: bool) -> &mut Self {
        if is_set {
            self.html.push(' ');
            self.html.push_str(name);
        }
        self
    }

    pub fn text(&mut self, text: impl Display) -> &mut Self {
        self.leave_tag();
        self.write_escaped(text);
        self
    }

    /// A view as a child.
    pub fn view(&mut self, view: View) -> &mut Self {
        self.leave_tag();
        self.html.push_str(&view.to_html());
        self
    }

    /// Ends an element that has an end tag.
    pub fn end(&mut self, name: &'static str) -> &mut Self {
        self.leave_tag();
        self.html.push_str("</");
        self.html.push_str(name);
        self.html.push('>');
        self
    }

    /// Ends an element without children: `<input>`, `<path/>`.
    pub fn done(&mut self) -> &mut Self {
        self.html.push_str("/>");
        self.is_in_tag = false;
        self
    }

    /// An element that holds nothing but text, without attributes.
    pub fn element(&mut self, name: &'static str, text: impl Display) -> &mut Self {
        self.tag(name).text(text).end(name)
    }

    pub fn into_view(mut self) -> View {
        self.leave_tag();
        raw_html(self.html)
    }

    pub fn into_html(mut self) -> String {
        self.leave_tag();
        self.html
    }

    fn leave_tag(&mut self) {
        if std::mem::take(&mut self.is_in_tag) {
            self.html.push('>');
        }
    }

    fn write_escaped(&mut self, value: impl Display) {
        // Writing to a String cannot fail; a Display that fails of its own accord leaves its text unfinished, which is all it can do.
        let _ = write!(Escaper(&mut self.html), "{value}");
    }
}

struct Escaper<'a>(&'a mut String);

impl Write for Escaper<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for letter in text.chars() {
            match letter {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                _ => self.0.push(letter),
            }
        }
        Ok(())
    }
}

/// Text as it may stand anywhere in HTML, between tags or in a quoted attribute.
pub fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    let _ = Escaper(&mut html).write_str(text);
    html
}

/// HTML that was made safe before: by the sanitiser, or by [`Markup`]. Never hand in what a person typed.
pub fn raw_html(html: impl Into<Cow<'static, str>>) -> View {
    InertElement::new(html).into_any()
}

/// A drawing that is part of the binary.
pub fn svg(drawing: &'static str) -> View {
    raw_html(drawing)
}

/// A stylesheet that is part of the binary, for pages that must arrive in one request. The page's CSP has to carry its hash.
pub fn inline_style(css: &'static str) -> View {
    raw_html(format!("<style>{css}</style>"))
}

/// Data for a script: `<script type="application/json" id="…">`, in which nothing can end the element.
/// A value that cannot be written as JSON (a map with odd keys) becomes `null`.
pub fn json_island(id: &str, data: &impl Serialize) -> View {
    let json = serde_json::to_string(data).unwrap_or_else(|_| "null".to_owned());
    let mut safe = String::with_capacity(json.len());
    for letter in json.chars() {
        match letter {
            '<' => safe.push_str("\\u003c"),
            '>' => safe.push_str("\\u003e"),
            '&' => safe.push_str("\\u0026"),
            '\u{2028}' => safe.push_str("\\u2028"),
            '\u{2029}' => safe.push_str("\\u2029"),
            _ => safe.push(letter),
        }
    }
    raw_html(format!(r#"<script type="application/json" id="{}">{safe}</script>"#, escape(id)))
}

/// What stands in `<noscript>`: shown only to browsers that run no scripts.
pub fn noscript(view: View) -> View {
    raw_html(format!("<noscript>{}</noscript>", view.to_html()))
}
