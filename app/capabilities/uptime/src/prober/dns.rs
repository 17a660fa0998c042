//! The DNS kind: asks a record and compares the answer.

use hickory_resolver::TokioResolver;
use hickory_resolver::config::ResolveHosts;
use hickory_resolver::proto::rr::RecordType;

use super::resolve::{self, name_failure};
use super::{Found, Part, Prober, Trace, Word};
use crate::model::check::Reason;
use crate::model::codes::socket_address;
use crate::model::watch::{DnsExpectation, DnsWatch, RecordKind};

pub async fn probe(prober: &Prober, watch: &DnsWatch, trace: &mut Trace) -> Found {
    let no_server = || Word::new(Reason::DnsServfail, "There is no DNS server to ask.");
    let resolver = match socket_address(&watch.resolver, 53).or(prober.options.resolver) {
        Some(server) => {
            if let Some(why) = prober.policy.refusal(server.ip()) {
                return Err(Word::new(Reason::PolicyBlocked, why));
            }
            trace.seen.address = Some(server.to_string());
            resolve::asking(server, ResolveHosts::Never)
        }
        // What the hosts file says is not what DNS says.
        None => TokioResolver::builder_tokio().ok().and_then(|mut builder| {
            builder.options_mut().cache_size = 0;
            builder.options_mut().use_hosts_file = ResolveHosts::Never;
            builder.build().ok()
        }),
    }
    .ok_or_else(no_server)?;
    // The closing dot: exactly this name, no search list.
    let name = format!("{}.", watch.host.trim_end_matches('.'));
    let kind = record_type(watch.record);
    let records = trace
        .phase(Part::Dns, Reason::DnsTimeout, async {
            let lookup = resolver.lookup(name.as_str(), kind).await.map_err(|error| name_failure(&error, &watch.host))?;
            Ok(lookup
                .answers()
                .iter()
                .filter(|record| record.record_type() == kind)
                .map(|record| record.data.to_string())
                .collect::<Vec<_>>())
        })
        .await?;
    trace.seen.records = records.iter().take(20).cloned().collect();
    if records.is_empty() {
        return Err(Word::new(Reason::DnsEmpty, format!("{} has no {} record.", watch.host, watch.record.as_str())));
    }
    compare(&records, &watch.expect).map(|()| None)
}

fn record_type(kind: RecordKind) -> RecordType {
    match kind {
        RecordKind::A => RecordType::A,
        RecordKind::Aaaa => RecordType::AAAA,
        RecordKind::Cname => RecordType::CNAME,
        RecordKind::Mx => RecordType::MX,
        RecordKind::Ns => RecordType::NS,
        RecordKind::Txt => RecordType::TXT,
        RecordKind::Soa => RecordType::SOA,
        RecordKind::Caa => RecordType::CAA,
        RecordKind::Srv => RecordType::SRV,
        RecordKind::Ptr => RecordType::PTR,
    }
}

pub fn compare(records: &[String], expect: &DnsExpectation) -> Result<(), Word> {
    let plain = |text: &String| text.trim().trim_matches('"').trim_end_matches('.').to_lowercase();
    let mut found: Vec<String> = records.iter().map(plain).collect();
    let wrong = |what: String| {
        Err(Word::new(Reason::AssertionDns, format!("{what}; DNS answers {}.", kernel::text::shorten(&records.join(", "), 200))))
    };
    match expect {
        DnsExpectation::Any => Ok(()),
        DnsExpectation::Contains { values } => match values.iter().find(|value| !found.iter().any(|record| record.contains(&plain(value))))
        {
            None => Ok(()),
            Some(missing) => wrong(format!("{missing} is missing")),
        },
        DnsExpectation::Equals { values } => {
            let mut wanted: Vec<String> = values.iter().map(plain).collect();
            wanted.sort();
            wanted.dedup();
            found.sort();
            found.dedup();
            if wanted == found { Ok(()) } else { wrong(format!("Expected exactly {}", values.join(", "))) }
        }
        DnsExpectation::Count { at_least } if records.len() >= usize::from(*at_least) => Ok(()),
        DnsExpectation::Count { at_least } => wrong(format!("Expected at least {at_least} records")),
    }
}
