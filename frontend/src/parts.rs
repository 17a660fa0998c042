//! The parts of which pages are made. Functions that take an options struct and give a [`View`](crate::View).
//!
//! - [`layout`]: page heads, cards, sections, columns, tabs, pagers
//! - [`says`]: badges, notices, empty states, tiles, meters
//! - [`acts`]: links, buttons, the question before a deed
//! - [`mod@table`]: lists that become cards on a phone
//! - [`text`]: times, code, things to copy, what unfolds

pub mod acts;
pub mod layout;
pub mod says;
pub mod table;
pub mod text;

pub use acts::{ConfirmButton, Look, button, confirm_button, link, link_button, post_button};
pub use layout::{Card, PageHead, Pager, Section, Tab, actions, card, columns, grid, live, page_head, pager, section, stack, tabs};
pub use says::{
    EmptyState, Happening, Meter, Tile, empty_state, meter, notice, notice_about, progress, state_badge, state_dot, tag, tile, tiles,
    timeline,
};
pub use table::{Head, Row, Table, table};
pub use text::{
    MomentStyle, ago, code, code_block, copy_box, date, disclosure, icon, key_values, moment, moment_as, moment_text, muted, paragraph,
};
