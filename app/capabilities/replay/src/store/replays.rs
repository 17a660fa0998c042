//! What the segments of a replay add up to, in hermetic.db.
