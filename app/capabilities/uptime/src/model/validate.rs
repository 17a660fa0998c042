//! Checks what a person typed, at the door: each wrong field gets one sentence that says what to do.

use kernel::Result;
use kernel::error::FieldErrors;
use kernel::text::checked_line;

use super::codes::Codes;
use super::heartbeat;
use super::watch::{
    Auth, BeatSchedule, DnsExpectation, DnsWatch, Draft, HeartbeatWatch, HttpWatch, Operator, Quorum, Rules, Secrets, TcpWatch, TlsWatch,
    Watch,
};

pub const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const MAX_BODY: usize = 64 * 1024;

/// The draft in its clean form, or every field that is wrong.
pub fn check(mut draft: Draft, secrets: &Secrets) -> Result<Draft> {
    let mut errors = FieldErrors::default();
    if let Some(name) = errors.take("name", checked_line(&draft.name, "a name", 100)) {
        draft.name = name;
    }
    draft.key = draft.key.trim().to_owned();
    if draft.key.chars().count() > 100 || draft.key.chars().any(|c| c.is_whitespace() || c.is_control()) {
        errors.push("key", "Please give a key of at most 100 characters without blanks.");
    }
    draft.tags = draft.tags.iter().map(|tag| tag.trim().to_lowercase()).filter(|tag| !tag.is_empty()).collect();
    draft.tags.sort();
    draft.tags.dedup();
    if draft.tags.len() > 20
        || draft.tags.iter().any(|tag| tag.chars().count() > 40 || tag.contains(',') || tag.chars().any(char::is_control))
    {
        errors.push("tags", "Please give at most 20 tags of at most 40 characters each, divided by commas.");
    }
    if draft.note.chars().count() > 4_000 {
        errors.push("note", "Please shorten the note to 4000 characters.");
    }
    check_rules(&mut draft.rules, &draft.watch, &mut errors);
    match &mut draft.watch {
        Watch::Http(http) => check_http(http, secrets, &mut errors),
        Watch::Tcp(tcp) => check_tcp(tcp, &mut errors),
        Watch::Tls(tls) => check_tls(tls, &mut errors),
        Watch::Dns(dns) => check_dns(dns, &mut errors),
        Watch::Ping(ping) => check_host("host", &mut ping.host, &mut errors),
        Watch::Heartbeat(beat) => check_heartbeat(beat, &mut errors),
        Watch::Group(group) => {
            group.members.sort();
            group.members.dedup();
            if group.members.is_empty() {
                errors.push("members", "Please choose at least one monitor for the group.");
            }
            check_quorum("policy", group.policy, &mut errors);
        }
    }
    errors.finish()?;
    Ok(draft)
}

fn check_rules(rules: &mut Rules, watch: &Watch, errors: &mut FieldErrors) {
    let kind = watch.kind();
    match watch {
        // Beats cannot be asked for again: how many of them it takes is the job's own rule.
        Watch::Heartbeat(beat) => (rules.confirm_failures, rules.confirm_successes) = (beat.fail_after, beat.recover_after),
        // Its members are confirmed: asking again would confirm nothing.
        Watch::Group(_) => (rules.confirm_failures, rules.confirm_successes) = (1, 1),
        _ => {}
    }
    if !(5..=86_400).contains(&rules.interval_s) {
        errors.push("interval_s", "Please give an interval from 5 seconds to 24 hours (86400 seconds).");
    }
    if !(100..=60_000).contains(&rules.timeout_ms) {
        errors.push("timeout_ms", "Please give a timeout from 100 to 60000 milliseconds.");
    }
    if kind.is_probed() && u64::from(rules.timeout_ms) > u64::from(rules.interval_s) * 1_000 {
        errors.push("timeout_ms", "Please give a timeout that is not longer than the interval.");
    }
    if rules.degraded_ms.is_some_and(|limit| limit == 0 || limit > rules.timeout_ms) {
        errors.push("degraded_ms", "Please give a speed limit between 1 millisecond and the timeout, or leave it empty.");
    }
    if kind.is_probed() && !(1..=10).contains(&rules.confirm_failures) {
        errors.push("confirm_failures", "Please give 1 to 10 failures in a row.");
    }
    if kind.is_probed() && !(1..=10).contains(&rules.confirm_successes) {
        errors.push("confirm_successes", "Please give 1 to 10 good checks in a row.");
    }
    rules.retry_s = rules.retry_s.clamp(1, rules.interval_s.max(1));
    check_quorum("vantages", rules.vantages, errors);
}

fn check_quorum(field: &str, quorum: Quorum, errors: &mut FieldErrors) {
    if quorum == Quorum::Count(0) {
        errors.push(field, "Please give a number from 1 up.");
    }
}

fn check_http(http: &mut HttpWatch, secrets: &Secrets, errors: &mut FieldErrors) {
    match kernel::text::WebUrl::parse(&http.url) {
        Ok(url) if !url.url().username().is_empty() || url.url().password().is_some() => {
            errors.push("url", "Please take name and password out of the address and use Basic authentication below.");
        }
        Ok(url) => url.as_str().clone_into(&mut http.url),
        Err(error) => errors.push("url", error.message()),
    }
    http.method = http.method.trim().to_uppercase();
    if !METHODS.contains(&http.method.as_str()) {
        errors.push("method", format!("Please choose one of {}.", METHODS.join(", ")));
    }
    if http.body.len() > MAX_BODY {
        errors.push("body", "Please shorten the body to 64 KiB.");
    }
    if let Err(error) = Codes::parse(&http.accepted) {
        errors.push("accepted", error.message());
    }
    if http.max_redirects > 10 {
        errors.push("max_redirects", "Please give at most 10 redirects.");
    }
    check_headers(http, secrets, errors);
    match &http.auth {
        Auth::Basic { username } if username.is_empty() || username.contains(':') => {
            errors.push("username", "Please give a user name without a colon.");
        }
        // Saved without them it stays unwatched, and says so.
        Auth::Bearer if secrets.is_lost => {}
        Auth::Bearer if secrets.bearer.is_empty() => errors.push("bearer", "Please give the bearer token."),
        Auth::Bearer if http::HeaderValue::try_from(&secrets.bearer).is_err() => {
            errors.push("bearer", "Please give the bearer token on one line, without control characters.");
        }
        _ => {}
    }
    if http.keyword.chars().count() > 1_000 {
        errors.push("keyword", "Please shorten the text to 1000 characters.");
    }
    if let Some(json) = &http.json
        && serde_json_path::JsonPath::parse(&json.path).is_err()
    {
        errors.push("json_path", "Please give a JSONPath such as $.status or $.checks[0].ok (RFC 9535).");
    }
    if let Some(rule) = &http.header {
        if http::HeaderName::try_from(rule.name.as_str()).is_err() {
            errors.push("header_name", "Please give the name of a header, such as X-Version.");
        }
        if matches!(rule.operator, Operator::GreaterThan | Operator::LessThan) && rule.value.trim().parse::<f64>().is_err() {
            errors.push("header_value", "Please give a number to compare with.");
        }
    }
    if http.certificate_warn_days > 365 {
        errors.push("certificate_warn_days", "Please give at most 365 days.");
    }
    check_pem(&http.extra_ca_pem, errors);
}

fn check_headers(http: &mut HttpWatch, secrets: &Secrets, errors: &mut FieldErrors) {
    http.headers.retain(|header| !header.name.trim().is_empty());
    if http.headers.len() > 50 {
        errors.push("headers", "Please give at most 50 headers.");
    }
    for header in &mut http.headers {
        header.name = header.name.trim().to_owned();
        let stored = secrets.headers.get(&header.name.to_lowercase());
        let value = if header.secret { stored.map_or("", String::as_str) } else { &header.value };
        if http::HeaderName::try_from(header.name.as_str()).is_err() || http::HeaderValue::try_from(value).is_err() {
            errors.push(
                "headers",
                format!("Please write the header {:?} as Name: value, on one line.", kernel::text::shorten(&header.name, 40)),
            );
        } else if ["host", "content-length", "transfer-encoding", "connection"].contains(&header.name.to_lowercase().as_str()) {
            errors.push("headers", format!("Please leave out {}: it is set by the check itself.", header.name));
        } else if header.secret && value.is_empty() && !secrets.is_lost {
            errors.push("headers", format!("Please give the value of the secret header {}.", header.name));
        }
        if header.secret {
            header.value.clear();
        }
    }
}

fn check_pem(pem: &str, errors: &mut FieldErrors) {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    if pem.trim().is_empty() {
        return;
    }
    let certificates = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<Vec<_>, _>>();
    if pem.len() > MAX_BODY || !certificates.is_ok_and(|found| !found.is_empty()) {
        errors.push("extra_ca_pem", "Please paste certificates in PEM form, beginning with -----BEGIN CERTIFICATE-----.");
    }
}

fn check_host(field: &str, host: &mut String, errors: &mut FieldErrors) {
    let trimmed = host.trim().trim_start_matches('[').trim_end_matches(']').to_owned();
    let is_name = trimmed.len() <= 253
        && !trimmed.is_empty()
        && trimmed.trim_end_matches('.').split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_')
        });
    if trimmed.parse::<std::net::IpAddr>().is_err() && !is_name {
        errors.push(field, "Please give a host name such as db.example.com, or an IP address.");
    }
    *host = trimmed;
}

fn check_port(port: u16, errors: &mut FieldErrors) {
    if port == 0 {
        errors.push("port", "Please give a port from 1 to 65535.");
    }
}

fn check_tcp(tcp: &mut TcpWatch, errors: &mut FieldErrors) {
    check_host("host", &mut tcp.host, errors);
    check_port(tcp.port, errors);
    if tcp.send.len() > 4_096 || tcp.expect.len() > 4_096 {
        errors.push("expect", "Please shorten what is sent and expected to 4096 bytes each.");
    }
}

fn check_tls(tls: &mut TlsWatch, errors: &mut FieldErrors) {
    check_host("host", &mut tls.host, errors);
    check_port(tls.port, errors);
    if !tls.server_name.trim().is_empty() {
        check_host("server_name", &mut tls.server_name, errors);
    }
    if tls.warn_days > 365 {
        errors.push("warn_days", "Please give at most 365 days.");
    }
    if tls.fail_days > tls.warn_days {
        errors.push("fail_days", "Please give fewer days for down than for the warning.");
    }
    check_pem(&tls.extra_ca_pem, errors);
}

fn check_dns(dns: &mut DnsWatch, errors: &mut FieldErrors) {
    check_host("host", &mut dns.host, errors);
    dns.resolver = dns.resolver.trim().to_owned();
    if !dns.resolver.is_empty() && super::codes::socket_address(&dns.resolver, 53).is_none() {
        errors.push("resolver", "Please give the DNS server by its IP address, such as 1.1.1.1 or 10.0.0.2:5353.");
    }
    match &mut dns.expect {
        DnsExpectation::Contains { values } | DnsExpectation::Equals { values } => {
            values.iter_mut().for_each(|value| *value = value.trim().to_owned());
            values.retain(|value| !value.is_empty());
            if values.is_empty() {
                errors.push("expect", "Please give at least one expected value, one a line.");
            }
        }
        DnsExpectation::Any | DnsExpectation::Count { .. } => {}
    }
}

fn check_heartbeat(beat: &mut HeartbeatWatch, errors: &mut FieldErrors) {
    match &mut beat.schedule {
        BeatSchedule::Every { period_s } => {
            if !(10..=31_622_400).contains(period_s) {
                errors.push("period_s", "Please give a period from 10 seconds to 366 days.");
            }
        }
        BeatSchedule::Cron { expression, zone } => {
            *expression = expression.split_whitespace().collect::<Vec<_>>().join(" ");
            if let Err(error) = heartbeat::parse_cron(expression) {
                errors.push("expression", error.message());
            }
            if let Err(error) = kernel::time::parse_zone(zone) {
                errors.push("zone", error.message());
            }
        }
    }
    if !(1..=2_592_000).contains(&beat.grace_s) {
        errors.push("grace_s", "Please give a grace time from 1 second to 30 days.");
    }
    for (field, count) in [("fail_after", beat.fail_after), ("recover_after", beat.recover_after)] {
        if !(1..=100).contains(&count) {
            errors.push(field, "Please give 1 to 100 beats in a row.");
        }
    }
    if beat.max_run_s.is_some_and(|seconds| !(1..=2_592_000).contains(&seconds)) {
        errors.push("max_run_s", "Please give a longest run from 1 second to 30 days, or leave it empty.");
    }
}
