//! Can we see out at all? A few well-known addresses are knocked at together; one that opens is enough.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(3);

/// Without canaries there is no doubt about us.
pub async fn has_egress(canaries: &[SocketAddr]) -> bool {
    if canaries.is_empty() {
        return true;
    }
    let mut knocks: FuturesUnordered<_> =
        canaries.iter().map(|canary| tokio::time::timeout(PATIENCE, TcpStream::connect(*canary))).collect();
    while let Some(knock) = knocks.next().await {
        if matches!(knock, Ok(Ok(_))) {
            return true;
        }
    }
    false
}
