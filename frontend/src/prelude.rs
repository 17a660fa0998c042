//! What a `pages.rs` imports with one line. Own names win over those of Leptos.

pub use leptos::prelude::{AnyView, IntoAny, IntoView, view};
pub use leptos::tachys::prelude::*;

pub use crate::charts::*;
pub use crate::forms::*;
pub use crate::frame::{Frame, PlainFrame, console_page, document, error_page, plain_page};
pub use crate::parts::*;
pub use crate::raw::raw_html;
pub use crate::{Href, Tone, View, render};
