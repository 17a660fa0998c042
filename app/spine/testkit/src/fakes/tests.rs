//! The fakes, and `outbound` against them: its own tests cannot have sockets of other companies without this crate.

mod dns;
mod http;
mod mail;
mod providers;
mod sms;
mod tcp;
mod tls;

use std::time::Duration;

use kernel::text::WebUrl;
use kernel::{Clock, Time};
use outbound::{Outbound, OutboundOptions};

use super::ca_pem;

/// 2026-11-23T12:00:00Z.
const NOW: Time = Time(1_795_435_200_000);
/// For what must come; generous, because the machine may be busy.
const SOON: Duration = Duration::from_secs(10);
/// For what must not come.
const BRIEF: Duration = Duration::from_millis(300);

fn options() -> OutboundOptions {
    OutboundOptions { extra_ca_pem: Some(ca_pem()), ..OutboundOptions::new(Clock::frozen(NOW), "Hermetic/test") }
}

fn outbound() -> Outbound {
    Outbound::new(options()).unwrap()
}

fn url(text: &str) -> WebUrl {
    WebUrl::parse(text).unwrap()
}
