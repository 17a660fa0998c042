//! From a name to addresses, asked anew each time (no cache), `/etc/hosts` honoured, through the system's resolver or a
//! configured one.
//!
//! Nouns: [`Names`].

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{RData, RecordType};

use super::{Part, Trace, Word};
use crate::model::check::Reason;
use crate::model::watch::IpChoice;

pub struct Names {
    resolver: Option<Arc<TokioResolver>>,
}

impl Names {
    pub fn new(server: Option<SocketAddr>) -> Self {
        let resolver = match server {
            Some(server) => asking(server, ResolveHosts::Always),
            None => TokioResolver::builder_tokio().ok().and_then(|mut builder| {
                tune(builder.options_mut(), ResolveHosts::Always);
                builder.build().ok()
            }),
        };
        Self { resolver: resolver.map(Arc::new) }
    }

    /// The addresses of a host in the order in which they are tried. An address is its own answer.
    pub async fn addresses(&self, host: &str, choice: IpChoice, trace: &mut Trace) -> Result<Vec<IpAddr>, Word> {
        if let Ok(ip) = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            return match (choice, ip) {
                (IpChoice::V4, IpAddr::V6(_)) | (IpChoice::V6, IpAddr::V4(_)) => {
                    Err(Word::new(Reason::DnsEmpty, "The address is of the other IP version than the one chosen."))
                }
                _ => Ok(vec![ip]),
            };
        }
        let resolver = self.resolver.clone();
        trace
            .phase(Part::Dns, Reason::DnsTimeout, async move {
                let resolver = resolver.ok_or_else(|| Word::new(Reason::DnsServfail, "This system has no DNS server configured."))?;
                look_up(&resolver, host, choice).await
            })
            .await
    }
}

/// A resolver that asks exactly this server.
pub fn asking(server: SocketAddr, hosts: ResolveHosts) -> Option<TokioResolver> {
    let connection = |mut connection: ConnectionConfig| {
        connection.port = server.port();
        connection
    };
    let connections = vec![connection(ConnectionConfig::udp()), connection(ConnectionConfig::tcp())];
    let name_server = NameServerConfig::new(server.ip(), true, connections);
    let config = ResolverConfig::from_parts(None, Vec::new(), vec![name_server]);
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
    tune(builder.options_mut(), hosts);
    builder.build().ok()
}

fn tune(options: &mut ResolverOpts, hosts: ResolveHosts) {
    options.cache_size = 0;
    options.use_hosts_file = hosts;
    options.timeout = Duration::from_secs(2);
    options.attempts = 1;
}

async fn look_up(resolver: &TokioResolver, host: &str, choice: IpChoice) -> Result<Vec<IpAddr>, Word> {
    let wants = |record| async move { resolver.lookup(host, record).await };
    let (v4, v6) = match choice {
        IpChoice::V4 => (Some(wants(RecordType::A).await), None),
        IpChoice::V6 => (None, Some(wants(RecordType::AAAA).await)),
        IpChoice::Any => {
            let (v4, v6) = tokio::join!(wants(RecordType::A), wants(RecordType::AAAA));
            (Some(v4), Some(v6))
        }
    };
    let (mut addresses, mut failure) = (Vec::new(), None);
    for answer in [v4, v6].into_iter().flatten() {
        match answer {
            Ok(lookup) => addresses.extend(ips(&lookup)),
            Err(error) => failure = Some(stronger(failure, name_failure(&error, host))),
        }
    }
    if addresses.is_empty() {
        return Err(failure.unwrap_or_else(|| Word::plain(Reason::DnsEmpty)));
    }
    Ok(addresses)
}

fn ips(lookup: &Lookup) -> impl Iterator<Item = IpAddr> {
    lookup.answers().iter().filter_map(|record| match &record.data {
        RData::A(v4) => Some(IpAddr::V4(v4.0)),
        RData::AAAA(v6) => Some(IpAddr::V6(v6.0)),
        _ => None,
    })
}

/// Of the failures of A and AAAA the one that says more.
fn stronger(first: Option<Word>, second: Word) -> Word {
    match first {
        Some(first) if first.reason != Reason::DnsEmpty => first,
        _ => second,
    }
}

pub fn name_failure(error: &NetError, name: &str) -> Word {
    let (reason, detail) = match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
            ResponseCode::NXDomain => (Reason::DnsNxdomain, format!("{name} does not exist in DNS.")),
            ResponseCode::NoError => (Reason::DnsEmpty, format!("{name} has no record of the wanted kind.")),
            code => (Reason::DnsServfail, format!("The DNS server answered {code} for {name}.")),
        },
        NetError::Dns(DnsError::ResponseCode(ResponseCode::NXDomain)) => (Reason::DnsNxdomain, format!("{name} does not exist in DNS.")),
        NetError::Dns(DnsError::ResponseCode(code)) => (Reason::DnsServfail, format!("The DNS server answered {code} for {name}.")),
        NetError::Timeout => (Reason::DnsTimeout, format!("DNS gave no answer for {name} in time.")),
        NetError::Io(_) | NetError::NoConnections | NetError::Busy => (Reason::DnsTimeout, "The DNS server cannot be reached.".to_owned()),
        other => (Reason::DnsServfail, format!("DNS failed for {name}: {other}.")),
    };
    Word::new(reason, detail)
}
