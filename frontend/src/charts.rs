//! Charts, drawn on the server as SVG that stretches to its place; words stand beside the drawing as HTML, so that they stay readable.
//!
//! - [`days`]: one bar a day, with honest gaps
//! - [`mod@line`]: values over time, broken where data is missing
//! - [`small`]: sparklines, histograms, the parts of a whole
//! - [`mod@waterfall`]: what happened within a trace, line by line
//! - [`scale`]: units, round axes, coordinates

pub mod days;
pub mod line;
pub mod scale;
pub mod small;
pub mod waterfall;

pub use days::{DayBars, DayCell, day_bars};
pub use line::{Band, LineChart, Mark, Point, Series, line_chart};
pub use scale::Unit;
pub use small::{Histogram, Share, Shares, histogram, shares, sparkline};
pub use waterfall::{Waterfall, WaterfallLine, waterfall};
