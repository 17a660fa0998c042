//! Types and decisions. Pure.
