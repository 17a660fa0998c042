//! Segments and chunks, in telemetry.db.
