//! The server-rendered kit: plain data in, HTML out. Every page works without JavaScript; islands only add to it.
//!
//! - [`prelude`]: what a `pages.rs` imports: `view!`, the parts, the forms, the charts
//! - [`frame`]: whole documents: [`console_page`], [`plain_page`], [`error_page`], [`document`]
//! - [`parts`]: heads, cards, tables, badges, tiles, times, buttons
//! - [`forms`]: [`forms::Fields`] draws labelled fields that keep their value and show their error
//! - [`charts`]: SVG and shaded tables drawn here: day bars, lines, stacked bars, histograms, cohorts, funnels
//! - [`raw`]: the only place that writes markup by hand; whatever enters is escaped there
//! - [`Href`]: addresses that were checked, so that a link can never run a script
//!
//! Conventions: an empty `&str` means "none"; slots for several views are `Vec<View>`; options are structs with `Default`.

pub mod charts;
pub mod forms;
pub mod frame;
mod glyphs;
mod href;
pub mod parts;
pub mod prelude;
pub mod raw;
mod tone;

pub use frame::{AssetUrls, Document, ErrorPage, Flash, Frame, FrameMember, NavGroup, NavItem, PlainFrame, Theme};
pub use frame::{console_page, document, error_page, plain_page};
pub use href::Href;
pub use tone::Tone;

use leptos::prelude::{AnyView, IntoView, Owner, RenderHtml};

/// A piece of a page, ready to be put into another one.
pub type View = AnyView;

/// Renders a piece of HTML. The owner is made and cleaned up here: a signal without one would leak 28 KB a render.
pub fn render<V: IntoView>(view: impl FnOnce() -> V) -> String {
    let owner = Owner::new();
    let html = owner.with(|| view().into_view().to_html());
    owner.unset_with_forced_cleanup();
    without_markers(&html)
}

/// Leptos marks the seams of its views for a browser that would take them over. Ours never does; a tenth of a page is saved.
/// Text cannot hold a marker: its `<` is escaped.
pub(crate) fn without_markers(html: &str) -> String {
    html.replace("<!>", "").replace("<!---->", "")
}

/// `None` for an empty text, so that the attribute is left out.
pub(crate) fn some(text: &str) -> Option<String> {
    if text.is_empty() { None } else { Some(text.to_owned()) }
}

#[cfg(test)]
mod tests;
