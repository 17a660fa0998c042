//! The create and edit form as it travels: names and texts, from a monitor into the form and from the form into a draft.
//!
//! Nouns: [`Typed`] (what stands in the form, right or wrong).

use std::collections::HashMap;

use kernel::Result;
use kernel::error::FieldErrors;
use kernel::ids::MonitorId;

use crate::model::flat::Given;
use crate::model::watch::{
    Auth, BeatSchedule, DnsExpectation, DnsWatch, Draft, GroupWatch, Header, HeaderRule, HeartbeatWatch, HttpWatch, IpChoice, JsonRule,
    Kind, Operator, PingWatch, Quorum, RecordKind, Rules, Secrets, TcpWatch, TlsWatch, Watch,
};

/// Fields by name, in the order of the form; a list repeats its name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Typed(HashMap<String, Vec<String>>);

impl Typed {
    pub fn from_pairs(pairs: Vec<(String, String)>) -> Self {
        let mut fields: HashMap<String, Vec<String>> = HashMap::new();
        for (name, value) in pairs {
            fields.entry(name).or_default().push(value.replace("\r\n", "\n"));
        }
        Self(fields)
    }

    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(|values| values.first()).map_or("", String::as_str)
    }

    pub fn list(&self, name: &str) -> Vec<&str> {
        self.0.get(name).map_or_else(Vec::new, |values| values.iter().map(String::as_str).collect())
    }

    pub fn is_on(&self, name: &str) -> bool {
        self.text(name) == "on"
    }

    fn set(&mut self, name: &str, value: impl ToString) {
        self.0.insert(name.to_owned(), vec![value.to_string()]);
    }

    fn set_list(&mut self, name: &str, values: impl IntoIterator<Item = String>) {
        self.0.insert(name.to_owned(), values.into_iter().collect());
    }

    fn set_flag(&mut self, name: &str, is_on: bool) {
        if is_on {
            self.set(name, "on");
        }
    }

    fn number<T: std::str::FromStr + Default>(&self, name: &str, errors: &mut FieldErrors) -> T {
        let text = self.text(name).trim();
        text.parse().unwrap_or_else(|_| {
            errors.push(name, if text.is_empty() { "Please fill in this number." } else { "Please give a whole number." });
            T::default()
        })
    }

    fn optional_number<T: std::str::FromStr + Default>(&self, name: &str, errors: &mut FieldErrors) -> Option<T> {
        if self.text(name).trim().is_empty() { None } else { Some(self.number(name, errors)) }
    }

    fn lines(&self, name: &str) -> Vec<String> {
        self.text(name).lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    fn ids(&self, name: &str) -> Vec<MonitorId> {
        self.list(name).iter().filter_map(|id| id.parse().ok()).collect()
    }
}

/// The form of a stored monitor, or of a blank one.
pub fn typed(draft: &Draft) -> Typed {
    let mut form = Typed::default();
    form.set("name", &draft.name);
    form.set("key", &draft.key);
    form.set("tags", draft.tags.join(", "));
    form.set("note", &draft.note);
    form.set_list("depends_on", draft.depends_on.iter().map(ToString::to_string));
    let rules = &draft.rules;
    form.set("interval_s", rules.interval_s);
    form.set("timeout_ms", rules.timeout_ms);
    form.set("degraded_ms", rules.degraded_ms.map_or_else(String::new, |limit| limit.to_string()));
    form.set("confirm_failures", rules.confirm_failures);
    form.set("confirm_successes", rules.confirm_successes);
    form.set("retry_s", rules.retry_s);
    form.set("vantages", rules.vantages.as_text());
    match &draft.watch {
        Watch::Http(http) => typed_http(http, &mut form),
        Watch::Tcp(tcp) => {
            form.set("host", &tcp.host);
            form.set("port", if tcp.port == 0 { String::new() } else { tcp.port.to_string() });
            form.set("send", &tcp.send);
            form.set("expect", &tcp.expect);
            form.set("ip", ip_text(tcp.ip));
        }
        Watch::Tls(tls) => {
            form.set("host", &tls.host);
            form.set("port", tls.port);
            form.set("server_name", &tls.server_name);
            form.set("warn_days", tls.warn_days);
            form.set("fail_days", tls.fail_days);
            form.set("ip", ip_text(tls.ip));
            form.set("extra_ca_pem", &tls.extra_ca_pem);
        }
        Watch::Dns(dns) => typed_dns(dns, &mut form),
        Watch::Ping(ping) => {
            form.set("host", &ping.host);
            form.set("ip", ip_text(ping.ip));
        }
        Watch::Heartbeat(beat) => {
            match &beat.schedule {
                BeatSchedule::Every { period_s } => {
                    form.set("schedule", "every");
                    form.set("period_s", period_s);
                    form.set("zone", "UTC");
                }
                BeatSchedule::Cron { expression, zone } => {
                    form.set("schedule", "cron");
                    form.set("expression", expression);
                    form.set("zone", zone);
                    form.set("period_s", 3_600);
                }
            }
            form.set("grace_s", beat.grace_s);
            form.set("max_run_s", beat.max_run_s.map_or_else(String::new, |limit| limit.to_string()));
            form.set("fail_after", beat.fail_after);
            form.set("recover_after", beat.recover_after);
        }
        Watch::Group(group) => {
            form.set_list("members", group.members.iter().map(ToString::to_string));
            form.set("policy", group.policy.as_text());
        }
    }
    form
}

fn typed_http(http: &HttpWatch, form: &mut Typed) {
    form.set("url", &http.url);
    form.set("method", &http.method);
    let plain = http.headers.iter().filter(|header| !header.secret).map(|header| format!("{}: {}", header.name, header.value));
    form.set("headers", plain.collect::<Vec<_>>().join("\n"));
    form.set(
        "stored_secret_headers",
        http.headers.iter().filter(|header| header.secret).map(|header| header.name.clone()).collect::<Vec<_>>().join(", "),
    );
    form.set("body", &http.body);
    match &http.auth {
        Auth::None => form.set("auth", "none"),
        Auth::Basic { username } => {
            form.set("auth", "basic");
            form.set("username", username);
        }
        Auth::Bearer => form.set("auth", "bearer"),
    }
    form.set("accepted", &http.accepted);
    form.set_flag("follow_redirects", http.follow_redirects);
    form.set("max_redirects", http.max_redirects);
    form.set("keyword", &http.keyword);
    form.set_flag("keyword_absent", http.keyword_absent);
    if let Some(rule) = &http.json {
        form.set("json_path", &rule.path);
        form.set("json_operator", rule.operator.as_str());
        form.set("json_value", &rule.value);
    }
    if let Some(rule) = &http.header {
        form.set("header_name", &rule.name);
        form.set("header_operator", rule.operator.as_str());
        form.set("header_value", &rule.value);
    }
    form.set_flag("health_document", http.health_document);
    form.set_flag("unavailable_is_slow", http.unavailable_is_slow);
    form.set("ip", ip_text(http.ip));
    form.set_flag("ignore_certificate", http.ignore_certificate);
    form.set("extra_ca_pem", &http.extra_ca_pem);
    form.set("certificate_warn_days", http.certificate_warn_days);
}

fn typed_dns(dns: &DnsWatch, form: &mut Typed) {
    form.set("host", &dns.host);
    form.set("record", dns.record.as_str());
    form.set("resolver", &dns.resolver);
    let (kind, values, at_least) = match &dns.expect {
        DnsExpectation::Any => ("any", String::new(), 1),
        DnsExpectation::Contains { values } => ("contains", values.join("\n"), 1),
        DnsExpectation::Equals { values } => ("equals", values.join("\n"), 1),
        DnsExpectation::Count { at_least } => ("count", String::new(), *at_least),
    };
    form.set("expect_kind", kind);
    form.set("expect", values);
    form.set("at_least", at_least);
}

/// What the form says, as a draft that is still to be validated. `stored` keeps the secrets that were not typed anew.
pub fn given(kind: Kind, form: &Typed, stored: &Secrets) -> Result<Given> {
    let mut errors = FieldErrors::default();
    let mut secrets =
        Secrets { password: form.text("password").to_owned(), bearer: form.text("bearer").trim().to_owned(), ..Secrets::default() };
    let quorum = |name: &str, errors: &mut FieldErrors| {
        Quorum::parse(form.text(name)).unwrap_or_else(|| {
            errors.push(name, "Please choose any, majority, all, or give a number.");
            Quorum::Majority
        })
    };
    let watch = match kind {
        Kind::Http => Watch::Http(Box::new(given_http(form, stored, &mut secrets, &mut errors))),
        Kind::Tcp => Watch::Tcp(TcpWatch {
            host: form.text("host").to_owned(),
            port: form.number("port", &mut errors),
            send: form.text("send").to_owned(),
            expect: form.text("expect").to_owned(),
            ip: ip_choice(form.text("ip")),
        }),
        Kind::Tls => Watch::Tls(TlsWatch {
            host: form.text("host").to_owned(),
            port: form.number("port", &mut errors),
            server_name: form.text("server_name").to_owned(),
            warn_days: form.number("warn_days", &mut errors),
            fail_days: form.number("fail_days", &mut errors),
            ip: ip_choice(form.text("ip")),
            extra_ca_pem: form.text("extra_ca_pem").to_owned(),
        }),
        Kind::Dns => Watch::Dns(given_dns(form, &mut errors)),
        Kind::Ping => Watch::Ping(PingWatch { host: form.text("host").to_owned(), ip: ip_choice(form.text("ip")) }),
        Kind::Heartbeat => Watch::Heartbeat(HeartbeatWatch {
            schedule: match form.text("schedule") {
                "cron" => BeatSchedule::Cron { expression: form.text("expression").to_owned(), zone: form.text("zone").trim().to_owned() },
                _ => BeatSchedule::Every { period_s: form.number("period_s", &mut errors) },
            },
            grace_s: form.number("grace_s", &mut errors),
            max_run_s: form.optional_number("max_run_s", &mut errors),
            fail_after: form.optional_number("fail_after", &mut errors).unwrap_or(1),
            recover_after: form.optional_number("recover_after", &mut errors).unwrap_or(1),
        }),
        Kind::Group => Watch::Group(GroupWatch { members: form.ids("members"), policy: quorum("policy", &mut errors) }),
    };
    let rules = given_rules(kind, form, &mut errors, quorum);
    errors.finish()?;
    let draft = Draft {
        key: form.text("key").to_owned(),
        name: form.text("name").to_owned(),
        watch,
        rules,
        tags: form.text("tags").split(',').map(str::to_owned).collect(),
        note: form.text("note").to_owned(),
        depends_on: form.ids("depends_on"),
        paused: false,
    };
    Ok(Given { draft, secrets })
}

fn given_rules(kind: Kind, form: &Typed, errors: &mut FieldErrors, quorum: impl Fn(&str, &mut FieldErrors) -> Quorum) -> Rules {
    if !kind.is_probed() {
        return Rules::default();
    }
    Rules {
        interval_s: form.number("interval_s", errors),
        confirm_failures: form.number("confirm_failures", errors),
        confirm_successes: form.number("confirm_successes", errors),
        timeout_ms: form.number("timeout_ms", errors),
        degraded_ms: form.optional_number("degraded_ms", errors),
        retry_s: form.number("retry_s", errors),
        vantages: quorum("vantages", errors),
    }
}

fn given_http(form: &Typed, stored: &Secrets, secrets: &mut Secrets, errors: &mut FieldErrors) -> HttpWatch {
    let mut headers = Vec::new();
    for (field, secret) in [("headers", false), ("secret_headers", true)] {
        for line in form.lines(field) {
            let Some((name, value)) = line.split_once(':') else {
                errors.push(field, "Please write each header as Name: value, one a line.");
                continue;
            };
            let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
            if secret {
                secrets.headers.insert(name.to_lowercase(), value.clone());
            }
            headers.push(Header { name, value: if secret { String::new() } else { value }, secret });
        }
    }
    for name in stored.headers.keys() {
        let is_given = headers.iter().any(|header| header.name.eq_ignore_ascii_case(name));
        if !is_given && !form.is_on("forget_secret_headers") {
            headers.push(Header { name: name.clone(), value: String::new(), secret: true });
        }
    }
    let auth = match form.text("auth") {
        "basic" => Auth::Basic { username: form.text("username").to_owned() },
        "bearer" => Auth::Bearer,
        _ => Auth::None,
    };
    let json = (!form.text("json_path").trim().is_empty()).then(|| JsonRule {
        path: form.text("json_path").trim().to_owned(),
        operator: operator(form.text("json_operator")),
        value: form.text("json_value").to_owned(),
    });
    let header = (!form.text("header_name").trim().is_empty()).then(|| HeaderRule {
        name: form.text("header_name").trim().to_owned(),
        operator: operator(form.text("header_operator")),
        value: form.text("header_value").to_owned(),
    });
    HttpWatch {
        url: form.text("url").to_owned(),
        method: form.text("method").to_owned(),
        headers,
        body: form.text("body").to_owned(),
        auth,
        accepted: form.text("accepted").to_owned(),
        follow_redirects: form.is_on("follow_redirects"),
        max_redirects: form.number("max_redirects", errors),
        keyword: form.text("keyword").to_owned(),
        keyword_absent: form.is_on("keyword_absent"),
        json,
        header,
        health_document: form.is_on("health_document"),
        unavailable_is_slow: form.is_on("unavailable_is_slow"),
        ip: ip_choice(form.text("ip")),
        ignore_certificate: form.is_on("ignore_certificate"),
        extra_ca_pem: form.text("extra_ca_pem").to_owned(),
        certificate_warn_days: form.number("certificate_warn_days", errors),
    }
}

fn given_dns(form: &Typed, errors: &mut FieldErrors) -> DnsWatch {
    let expect = match form.text("expect_kind") {
        "contains" => DnsExpectation::Contains { values: form.lines("expect") },
        "equals" => DnsExpectation::Equals { values: form.lines("expect") },
        "count" => DnsExpectation::Count { at_least: form.number("at_least", errors) },
        _ => DnsExpectation::Any,
    };
    DnsWatch {
        host: form.text("host").to_owned(),
        record: RecordKind::parse(form.text("record")).unwrap_or_default(),
        resolver: form.text("resolver").to_owned(),
        expect,
    }
}

fn operator(text: &str) -> Operator {
    Operator::ALL.into_iter().find(|operator| operator.as_str() == text).unwrap_or_default()
}

fn ip_text(ip: IpChoice) -> &'static str {
    match ip {
        IpChoice::Any => "any",
        IpChoice::V4 => "v4",
        IpChoice::V6 => "v6",
    }
}

fn ip_choice(text: &str) -> IpChoice {
    match text {
        "v4" => IpChoice::V4,
        "v6" => IpChoice::V6,
        _ => IpChoice::Any,
    }
}
