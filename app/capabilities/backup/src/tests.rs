//! What backup promises, one sentence each.

mod doors;
mod drills;
mod dumps;
mod dumps_doors;
mod dumps_postgres;
mod dumps_rules;
mod dumps_runs;
mod dumps_sqlite;
mod durable;
mod house;
mod watching;
