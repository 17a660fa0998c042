//! Tests of the crate, one file a subject.

mod captures;
mod engines;
mod formats;
mod leases;
mod lineages;
mod litestream;
mod plans;
mod retention;
mod stores;
mod support;
