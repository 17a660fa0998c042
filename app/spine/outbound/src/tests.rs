mod gsm7;
mod guard;
mod http;
mod mail;
mod sms;

use kernel::text::WebUrl;
use kernel::{Clock, Time};

use crate::{Outbound, OutboundOptions};

/// 2026-11-23T12:00:00Z.
const NOW: Time = Time(1_795_435_200_000);

fn options() -> OutboundOptions {
    OutboundOptions::new(Clock::frozen(NOW), "Hermetic/test")
}

fn outbound() -> Outbound {
    Outbound::new(options()).unwrap()
}

fn url(text: &str) -> WebUrl {
    WebUrl::parse(text).unwrap()
}
