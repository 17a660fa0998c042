//! Tests of the whole: through a house, as programs and people use it.

mod acts;
mod contributions;
mod digest;
mod doors;
mod evict;
mod fixtures;
mod floods;
mod grouping;
mod hostile;
mod kit;
mod normal;
mod pages;
mod pages_hostile;
mod pages_list;
mod pages_seed;
mod reread;
mod states;
mod timing;
