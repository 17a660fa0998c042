//! What is worked out without asking anybody: no SQL, no clock, no waiting.
//!
//! - [`span`]: one span, whoever sent it; [`read`]: from the payloads of the wire
//! - [`text`]: names with their ids taken out; [`query`]: statements with their values taken out, [`document`] those that are JSON
//! - [`sketch`]: quantiles; [`cell`]: what a bucket of a rollup holds; [`window`]: times, grains, which buckets cover a window
//! - [`batch`]: what some items of the log come to, as [`rows`]; [`findings`]: queries that are slow or repeated
//! - [`thin`]: what stays of an hour that is too old to be kept whole
//! - [`vital`]: the web vitals and their ratings; [`arrange`]: the order of a waterfall; [`family`]: what a root span is about;
//!   [`pool`]: how full pools of connections are

pub mod arrange;
pub mod batch;
pub mod cell;
pub mod document;
pub mod family;
pub mod findings;
pub mod pool;
pub mod query;
pub mod read;
pub mod rows;
pub mod sketch;
pub mod span;
pub mod text;
pub mod thin;
pub mod vital;
pub mod window;
