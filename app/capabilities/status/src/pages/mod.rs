//! Screens: what the public sees, and what members see when they edit it. Plain data in, HTML out.

pub mod console;
pub mod public;
