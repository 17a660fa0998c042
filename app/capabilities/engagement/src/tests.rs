//! What is counted, through the real databases.

mod bench;
mod counting;
mod erasing;
mod merging;
mod reference;
mod surveys;
mod zones;
