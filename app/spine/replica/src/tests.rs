//! Tests of the crate, one file a subject.

mod captures;
mod engines;
mod formats;
mod leases;
mod lifetimes;
mod lineages;
mod litestream;
mod plans;
mod retention;
mod servers;
mod spool;
mod stores;
mod support;
