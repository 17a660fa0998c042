//! Replays on a real database.

mod ageing;
mod bench;
mod doors;
mod packing;
mod privacy;
mod races;
mod searching;
mod taking_in;
