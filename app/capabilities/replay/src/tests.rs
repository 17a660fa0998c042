//! Replays on a real database.
