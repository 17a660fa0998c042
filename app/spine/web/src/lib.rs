//! The HTTP front: every byte a browser or program sends to Hermetic comes in here, and no route answers before its access was checked.
//!
//! - [`server`]: the accept loop with its time limits, connection cap and graceful drain
//! - [`hot`]: pages answered from memory before the router
//! - [`routes`]: the table of routes a capability fills; [`gate`]: who may call them; [`origin`]: cross-site requests refused
//! - [`extract`]: forms, queries, JSON, paths; [`peer`]: the client's address; [`reply`]: pages, redirects, failures; [`flash`]: one-time notices
//! - [`layers`]: what surrounds every route: request id, security headers, error pages, compression; [`metrics`]: its counters
//! - [`live`]: server-sent signals; [`limit`]: token buckets; [`files`]: what the binary embeds

mod admit;
mod body;
mod encoding;
pub mod extract;
pub mod files;
pub mod flash;
pub mod gate;
pub mod host;
pub mod hot;
mod io;
pub mod layers;
pub mod limit;
pub mod live;
pub mod metrics;
pub mod origin;
pub mod peer;
pub mod reply;
pub mod routes;
pub mod security;
pub mod server;

pub use axum::extract::State;
pub use axum::response::Response;
pub use extract::{Form, Json, Path, Query, Raw};
pub use files::{asset_handler, embedded};
pub use flash::Flash;
pub use futures_util::future::BoxFuture;
pub use gate::{Access, Actor, Admin, Admission, By, Durable, Gate, Kept, Member, Owner, Rank, Viewer};
pub use host::Host;
pub use hot::{HotOptions, HotPage, HotPages, HotSite};
pub use layers::{ErrorPage, FinishOptions, finish};
pub use limit::{Allowance, Limiter};
pub use live::{Live, LiveOptions, live_handler};
pub use metrics::Metrics;
pub use peer::{Peer, RequestId};
pub use reply::{Failure, Html, Reply, same_site_path, see_other, see_other_with};
pub use routes::{RouteEntry, Routes};
pub use server::{Front, ServeOptions, serve};

#[cfg(test)]
mod tests;
