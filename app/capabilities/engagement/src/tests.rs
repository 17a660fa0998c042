//! What is counted, through the real databases.

mod bench;
mod counting;
mod merging;
mod zones;
