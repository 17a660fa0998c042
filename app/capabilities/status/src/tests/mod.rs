//! What the status page promises, as sentences.

mod bars;
mod doors;
mod export;
mod feeds;
mod followers;
mod house;
mod loose;
mod lost;
mod page;
mod sample;
mod telling;
