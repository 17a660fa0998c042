//! The promises of uptime, by part.

mod api;
mod arithmetic;
mod bench;
mod changes;
mod doors;
mod formats;
mod heartbeats;
mod imports;
mod machine;
mod probes;
mod schedules;
mod validation;
mod watching;
mod windows;
