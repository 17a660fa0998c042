//! What alerts promises, one sentence each.

mod channels;
mod copies;
mod decisions;
mod delivery;
mod doors;
mod held;
mod house;
mod issues;
mod life;
mod lost;
mod silences;
