//! The promises of uptime, by part.

mod api;
mod arithmetic;
mod bench;
mod changes;
mod check_ins;
mod doors;
mod formats;
mod heartbeats;
mod imports;
mod kinds;
mod lost;
mod machine;
mod ports;
mod probes;
mod reasons;
mod recorded;
mod schedules;
mod validation;
mod watching;
mod windows;
mod wires;
