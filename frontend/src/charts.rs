//! Charts, drawn on the server as SVG that stretches to its place; words stand beside the drawing as HTML, so that they stay readable.
//!
//! - [`cohorts`], [`heat`]: shaded tables: who came back, at which hours
//! - [`days`]: one bar a day, with honest gaps
//! - [`mod@figure`]: a number, what it was, how it is counted
//! - [`mod@line`]: values over time, broken where data is missing
//! - [`rows`]: tables with a bar in each row: funnels, shares
//! - [`small`]: sparklines, histograms, the parts of a whole
//! - [`stacked`]: layers above and below the line of zero
//! - [`mod@waterfall`]: what happened within a trace, line by line
//! - [`scale`]: units, round axes, coordinates

pub mod cohorts;
pub mod days;
pub mod figure;
pub mod heat;
pub mod line;
pub mod rows;
pub mod scale;
pub mod small;
pub mod stacked;
mod twin;
pub mod waterfall;

pub use cohorts::{GridCell, GridRow, RetentionGrid, retention_grid};
pub use days::{DayBars, DayCell, day_bars};
pub use figure::{Figure, figure, percent_change};
pub use heat::{HeatMap, heat_map};
pub use line::{Band, LineChart, Mark, Point, Series, line_chart};
pub use rows::{FunnelBars, FunnelStep, ShareBar, ShareBars, funnel_bars, share_bars};
pub use scale::{Portion, Unit};
pub use small::{Histogram, Share, Shares, histogram, histogram_with_table, shares, sparkline};
pub use stacked::{Stack, StackedBars, stacked_bars};
pub use waterfall::{Waterfall, WaterfallLine, waterfall};
