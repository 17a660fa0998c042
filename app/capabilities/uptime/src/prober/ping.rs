//! The ping kind: one ICMP echo. One shared socket per IP version and a sequence number of its own for each ping, because
//! unprivileged sockets on Linux tell replies apart by host and sequence only (spec §12).
//!
//! Nouns: [`Pings`].

use std::net::IpAddr;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use surge_ping::{Client, Config, ICMP, PingIdentifier, PingSequence, SurgeError};

use super::{Found, Part, Prober, Trace, Word, dial};
use crate::model::check::Reason;
use crate::model::watch::PingWatch;

#[derive(Default)]
pub struct Pings {
    v4: Mutex<Option<Client>>,
    v6: Mutex<Option<Client>>,
    sequence: AtomicU16,
}

impl Pings {
    /// Opened at the first ping; tried again at the next one when the system refused.
    fn client(&self, ip: IpAddr) -> Result<Client, Word> {
        let (slot, kind) = if ip.is_ipv4() { (&self.v4, ICMP::V4) } else { (&self.v6, ICMP::V6) };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = &*slot {
            return Ok(client.clone());
        }
        let client = Client::new(&Config::builder().kind(kind).build()).map_err(|_| {
            Word::new(
                Reason::NotPermitted,
                "The system does not let Hermetic send pings: give the service CAP_NET_RAW, or allow its group in net.ipv4.ping_group_range.",
            )
        })?;
        *slot = Some(client.clone());
        Ok(client)
    }
}

pub async fn probe(prober: &Prober, watch: &PingWatch, trace: &mut Trace) -> Found {
    let addresses = prober.names.addresses(&watch.host, watch.ip, trace).await?;
    let ip = dial::permitted(prober, &addresses)?.first().copied().ok_or_else(|| Word::plain(Reason::DnsEmpty))?;
    trace.seen.address = Some(ip.to_string());
    let client = prober.pings.client(ip)?;
    let sequence = prober.pings.sequence.fetch_add(1, Ordering::Relaxed);
    let left = trace.left();
    trace
        .phase(Part::Ttfb, Reason::ConnectTimeout, async {
            let mut pinger = client.pinger(ip, PingIdentifier(0x4865)).await;
            // The phase ends the wait; the pinger's own limit only has to lie behind it.
            pinger.timeout(left + Duration::from_secs(1));
            pinger.ping(PingSequence(sequence), &[0x48; 32]).await.map(|_| ()).map_err(|error| failure(&error))
        })
        .await
        .map_err(|word| {
            if word.reason == Reason::ConnectTimeout { Word::new(word.reason, format!("{ip} did not reply to the ping.")) } else { word }
        })?;
    Ok(None)
}

fn failure(error: &SurgeError) -> Word {
    match error {
        SurgeError::Timeout { .. } => Word::plain(Reason::ConnectTimeout),
        SurgeError::IOError(io) if io.kind() == std::io::ErrorKind::PermissionDenied => {
            Word::new(Reason::ConnectUnreachable, "The system refused to send the ping.")
        }
        other => Word::new(Reason::ConnectUnreachable, format!("The ping could not be sent: {other}.")),
    }
}
