//! The page for machines: Statuspage's JSON, Atom, RSS, JSON Feed, iCalendar, badges. Strictly escaped, strictly escaped again
//! where one format sits in another, and byte-equal while nothing changes.

pub mod atom;
pub mod badge;
pub mod calendar;
pub mod entries;
pub mod json;
pub mod json_feed;
pub mod rss;
pub mod xml;
