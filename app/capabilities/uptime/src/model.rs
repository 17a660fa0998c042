//! Everything that is decided about monitors, as plain functions over plain values: no SQL, no clock, no await.
//!
//! - [`watch`], [`monitor`]: what is watched and how; [`validate`]: checked at the door; [`codes`]: little grammars
//! - [`check`]: what one look found; [`block`], [`histogram`]: how looks are kept; [`varint`]
//! - [`state`], [`judge`]: the state machine; [`quorum`]: several opinions, one verdict
//! - [`schedule`]: whose turn it is; [`heartbeat`], [`check_in`]: jobs that report by themselves; [`window`]: maintenance
//! - [`arithmetic`]: uptime as time; [`certificates`]: when to warn; [`flat`]: monitors as programs write them;
//!   [`order`]: what must be made first; [`moment`]: times as programs read them; [`kuma`]: import

pub mod arithmetic;
pub mod block;
pub mod certificates;
pub mod check;
pub mod check_in;
pub mod codes;
pub mod flat;
pub mod heartbeat;
pub mod histogram;
pub mod judge;
pub mod kuma;
pub mod moment;
pub mod monitor;
pub mod order;
pub mod quorum;
pub mod schedule;
pub mod state;
pub mod validate;
pub mod varint;
pub mod watch;
pub mod window;
