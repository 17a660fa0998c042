//! Tests of the whole: through a house, as programs and people use it.

mod digest;
mod grouping;
mod kit;
