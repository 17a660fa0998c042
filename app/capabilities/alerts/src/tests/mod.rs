//! What alerts promises, one sentence each.

mod channels;
mod copies;
mod decisions;
mod delivery;
mod doors;
mod floods;
mod held;
mod house;
mod issues;
mod life;
mod lost;
mod silences;
