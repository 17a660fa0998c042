//! Tests of the crate, one file a subject.

mod captures;
mod engines;
mod formats;
mod leases;
mod lifetimes;
mod litestream;
mod plans;
mod servers;
mod stores;
mod support;
