//! What is counted, through the real databases.

mod bench;
mod counting;
mod erasing;
mod merging;
mod pages;
mod surveys;
mod zones;
