//! Tests of traces: decisions as tables, digests over recorded traffic, pages as programs and people get them.

mod fixtures;
mod support;
