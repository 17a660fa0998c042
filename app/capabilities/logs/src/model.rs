//! What a line is, what may be asked of lines, and how both become words of an index. Pure.
//!
//! - [`line`](mod@line): lines as SDKs send them; [`pick`]: one of many; [`level`]: how bad; [`place`]: ids that are moments
//! - [`words`]: what of a line can be found; [`query`]: what a person asks
//! - [`window`]: stretches of time and their parts

pub mod level;
pub mod line;
pub mod pick;
pub mod place;
pub mod query;
pub mod window;
pub mod words;

pub use level::Level;
pub use line::{Attribute, Line};
pub use query::Query;
pub use window::{Span, Window};
