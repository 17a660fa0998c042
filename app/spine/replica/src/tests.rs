//! Tests of the crate, one file a subject.

mod captures;
mod engines;
mod formats;
mod lineages;
mod litestream;
mod plans;
mod retention;
mod stores;
mod support;
