//! The rules of the house as tests: each says what it found and what to do about it.
//!
//! - `edges`: who may import whom
//! - `source`: what Rust source may and may not say
//! - `migrations`: tables, foreign keys, files that never change
//! - `repository`: what may lie where
//! - `code`: how the rules read files

mod code;
mod edges;
mod migrations;
mod repository;
mod source;
