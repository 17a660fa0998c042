//! The few signs the kit itself needs. Navigation icons are handed in by the caller.

macro_rules! stroke {
    ($inner:literal) => {
        concat!(r#"<svg class="icon" viewBox="0 0 16 16" aria-hidden="true">"#, $inner, "</svg>")
    };
}

pub(crate) const SEARCH: &str = stroke!(r#"<circle cx="7" cy="7" r="4.5"/><path d="M10.4 10.4 14 14"/>"#);
pub(crate) const MENU: &str = stroke!(r#"<path d="M2.5 4.5h11M2.5 8h11M2.5 11.5h11"/>"#);
pub(crate) const CHEVRON: &str = stroke!(r#"<path d="M4.5 6.5 8 10l3.5-3.5"/>"#);
pub(crate) const THEME: &str = stroke!(r#"<circle cx="8" cy="8" r="5.5"/><path d="M8 2.5v11a5.5 5.5 0 0 0 0-11z" fill="currentColor"/>"#);
pub(crate) const NEWER: &str = stroke!(r#"<path d="M9.5 4.5 6 8l3.5 3.5"/>"#);
pub(crate) const OLDER: &str = stroke!(r#"<path d="M6.5 4.5 10 8l-3.5 3.5"/>"#);
pub(crate) const MARK: &str = concat!(
    r#"<svg class="mark" viewBox="0 0 24 24" aria-hidden="true"><rect class="mark-body" x="1" y="1" width="22" height="22" rx="6"/>"#,
    r#"<path class="mark-line" d="M7.5 6.5v11M16.5 6.5v11M7.5 12h3l1.6-3 2 5.4 1-2.4h1.4"/></svg>"#
);
