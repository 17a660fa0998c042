//! Tests of the whole: through a house, as programs and people use it.

mod acts;
mod contributions;
mod digest;
mod evict;
mod fixtures;
mod grouping;
mod hostile;
mod kit;
mod normal;
mod reread;
mod states;
mod timing;
