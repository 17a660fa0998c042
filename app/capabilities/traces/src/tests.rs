//! Tests of traces: decisions as tables, digests over recorded traffic, pages as programs and people get them.

mod counting;
mod decisions;
mod doors;
mod findings;
mod fixtures;
mod folding;
mod hostile;
mod retention;
mod sketches;
mod support;
mod vitals;
mod waterfalls;
