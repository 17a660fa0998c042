//! What alerts promises, one sentence each.

mod channels;
mod decisions;
mod delivery;
mod doors;
mod house;
mod life;
