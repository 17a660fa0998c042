//! Tests of the crate, one file a subject.

mod captures;
mod engines;
mod formats;
mod leases;
mod litestream;
mod plans;
mod stores;
mod support;
