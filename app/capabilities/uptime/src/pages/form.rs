//! Making and changing a monitor. The kind is chosen first; then one form with what that kind needs. Works without JavaScript.

use frontend::prelude::*;
use kernel::error::FieldError;
use kernel::ids::MonitorId;

use super::sections;
use crate::model::validate::METHODS;
use crate::model::watch::{Kind, Monitor, Operator, RecordKind, Secrets};
use crate::routes::monitor_form::Typed;

const LOST: &str = "Its credentials were sealed with a key file that is gone, so it is not watched. Enter all of them again under Request, or \
                    choose a request that needs none.";

pub struct FormView<'a> {
    pub kind: Kind,
    pub typed: &'a Typed,
    pub errors: &'a [FieldError],
    pub stored: Option<&'a (Monitor, Secrets)>,
    /// The other monitors, for dependencies and members.
    pub others: Vec<(MonitorId, String)>,
}

pub fn choose_kind() -> View {
    let head = page_head(PageHead {
        title: "New monitor",
        lead: "What shall be watched?",
        trail: vec![("Monitors", "/uptime".into())],
        ..PageHead::default()
    });
    let cards = Kind::ALL
        .into_iter()
        .map(|kind| {
            let choose = link_button(Href::path("/uptime/new").with("kind", kind.as_str()), "Choose", Look::Plain);
            card(Card { title: kind.label(), lead: kind.about(), actions: vec![choose], ..Card::default() }, ())
        })
        .collect();
    stack(vec![head, sections("/uptime"), grid(cards)])
}

pub fn show(view: &FormView<'_>) -> View {
    let (title, action, back) = match view.stored {
        Some((monitor, _)) => ("Edit monitor", format!("/uptime/monitors/{}/edit", monitor.id), format!("/uptime/monitors/{}", monitor.id)),
        None => ("New monitor", "/uptime/new".to_owned(), "/uptime".to_owned()),
    };
    let head = page_head(PageHead {
        title,
        lead: &format!("{}. {}", view.kind.label(), view.kind.about()),
        trail: vec![("Monitors", "/uptime".into())],
        ..PageHead::default()
    });
    let draw = Draw { fields: Fields::new(view.errors), typed: view.typed };
    let secrets = view.stored.map(|(_, secrets)| secrets.clone()).unwrap_or_default();
    let lost = match (secrets.is_lost, view.kind) {
        (true, Kind::Http) => notice(Tone::Bad, LOST),
        _ => ().into_any(),
    };
    let mut parts = vec![
        lost,
        draw.fields.summary(),
        hidden("kind", view.kind.as_str()),
        draw.text("name", "Name", "Shown in lists, notices and reports.", true),
    ];
    parts.extend(match view.kind {
        Kind::Http => http(&draw, &secrets),
        Kind::Tcp => tcp(&draw),
        Kind::Tls => tls(&draw),
        Kind::Dns => dns(&draw),
        Kind::Ping => vec![draw.text("host", "Host", "A name or an IP address.", true), draw.ip()],
        Kind::Heartbeat => heartbeat(&draw),
        Kind::Group => group(&draw, &view.others),
    });
    if view.kind.is_probed() {
        parts.push(rhythm(&draw));
    }
    parts.push(around(&draw, view));
    let label = if view.stored.is_some() { "Save" } else { "Create the monitor" };
    parts.push(submit_row(&SubmitRow { label, look: Look::Primary, cancel: back.into() }));
    let body = form(Form { action: action.into(), ..Form::default() }, parts);
    stack(vec![head, sections("/uptime"), card(Card::default(), body)])
}

/// Draws a field with what stands in the form.
struct Draw<'a> {
    fields: Fields<'a>,
    typed: &'a Typed,
}

impl<'a> Draw<'a> {
    fn text(&self, name: &'a str, label: &'a str, help: &'a str, required: bool) -> View {
        self.fields.text(TextField { name, label, help, required, value: self.typed.text(name), ..TextField::default() })
    }

    fn number(&self, name: &'a str, label: &'a str, help: &'a str, unit: &'a str) -> View {
        self.fields.number(NumberField { name, label, help, unit, value: self.typed.text(name), min: Some(0), ..NumberField::default() })
    }

    fn area(&self, name: &'a str, label: &'a str, help: &'a str) -> View {
        self.fields.text_area(TextArea { name, label, help, value: self.typed.text(name), rows: 3, is_code: true, ..TextArea::default() })
    }

    fn flag(&self, name: &'a str, label: &'a str, help: &'a str) -> View {
        self.fields.check_box(CheckBox { name, label, help, is_checked: self.typed.is_on(name) })
    }

    fn select(&self, name: &'a str, label: &'a str, choices: &'a [Choice<'a>]) -> View {
        self.fields.select(Select { name, label, choices, value: self.typed.text(name), ..Select::default() })
    }

    fn ip(&self) -> View {
        self.select(
            "ip",
            "IP version",
            &[
                Choice { value: "any", label: "either", help: "" },
                Choice { value: "v4", label: "IPv4 only", help: "" },
                Choice { value: "v6", label: "IPv6 only", help: "" },
            ],
        )
    }

    fn operator(&self, name: &'a str) -> View {
        let choices: Vec<Choice<'_>> = Operator::ALL.iter().map(|operator| Choice::new(operator.as_str(), operator.label())).collect();
        self.fields.select(Select { name, label: "Compare", choices: &choices, value: self.typed.text(name), ..Select::default() })
    }

    fn quorum(&self, name: &'a str, label: &'a str, help: &'a str) -> View {
        self.fields.text(TextField { name, label, help, value: self.typed.text(name), placeholder: "majority", ..TextField::default() })
    }
}

fn http(draw: &Draw<'_>, secrets: &Secrets) -> Vec<View> {
    let url = draw.fields.text(TextField {
        name: "url",
        label: "Web address",
        value: draw.typed.text("url"),
        kind: TextKind::Url,
        placeholder: "https://example.com/health",
        required: true,
        has_focus: false,
        ..TextField::default()
    });
    let answer = view! {
        {draw.text("accepted", "Accepted codes", "Such as 200-299,301.", true)}
        {draw.text("keyword", "Text in the body", "Empty: the text is not looked at.", false)}
        {draw.flag("keyword_absent", "The text must be absent", "")}
        {field_row(vec![draw.text("json_path", "JSONPath", "Such as $.status; empty for none.", false), draw.operator("json_operator"), draw.text("json_value", "Value", "", false)])}
        {field_row(vec![draw.text("header_name", "Header", "Such as X-Version; empty for none.", false), draw.operator("header_operator"), draw.text("header_value", "Value", "", false)])}
        {draw.flag("health_document", "It is a health document", "Reads {\"status\": \"healthy\"}, degraded or unhealthy, and application/health+json.")}
        {draw.flag("unavailable_is_slow", "503 is degraded, not down", "")}
    };
    vec![
        url,
        field_set("What it must answer", "", answer),
        disclosure("Request: method, headers, body, authentication", secrets.is_lost || request_is_open(draw), request(draw, secrets)),
        disclosure("Connection: redirects, certificate, IP version", false, connection(draw)),
    ]
}

/// Unfolded when something in it differs from the start, so that nobody overlooks it.
fn request_is_open(draw: &Draw<'_>) -> bool {
    let typed = draw.typed;
    !matches!(typed.text("method"), "GET" | "") || !typed.text("headers").is_empty() || !matches!(typed.text("auth"), "none" | "")
}

fn request(draw: &Draw<'_>, secrets: &Secrets) -> View {
    let methods: Vec<Choice<'_>> = METHODS.iter().map(|method| Choice::new(method, method)).collect();
    let method = draw.fields.select(Select {
        name: "method",
        label: "Method",
        choices: &methods,
        value: draw.typed.text("method"),
        ..Select::default()
    });
    let stored: Vec<&str> = secrets.headers.keys().map(String::as_str).collect();
    let secret_help = match stored.as_slice() {
        [] => "As above, for tokens and keys: sealed, and never shown again.".to_owned(),
        names => format!("Sealed and not shown. Stored: {}. Give one again to change it.", names.join(", ")),
    };
    let secret_headers = draw.fields.text_area(TextArea {
        name: "secret_headers",
        label: "Secret headers",
        help: &secret_help,
        rows: 2,
        is_code: true,
        ..TextArea::default()
    });
    let forget = if stored.is_empty() { ().into_any() } else { draw.flag("forget_secret_headers", "Forget the stored secret headers", "") };
    let auth = draw.select(
        "auth",
        "Authentication",
        &[
            Choice { value: "none", label: "none", help: "" },
            Choice { value: "basic", label: "Basic (name and password)", help: "" },
            Choice { value: "bearer", label: "Bearer token", help: "" },
        ],
    );
    let password = draw.fields.secret(SecretField {
        name: "password",
        label: "Password",
        is_set: !secrets.password.is_empty(),
        ..SecretField::default()
    });
    let bearer = draw.fields.secret(SecretField {
        name: "bearer",
        label: "Bearer token",
        is_set: !secrets.bearer.is_empty(),
        ..SecretField::default()
    });
    view! {
        {method}
        {draw.area("headers", "Headers", "One a line, as Name: value.")}
        {secret_headers}{forget}
        {draw.area("body", "Body", "")}
        {auth}
        {field_row(vec![draw.text("username", "User name", "", false), password, bearer])}
    }
    .into_any()
}

fn connection(draw: &Draw<'_>) -> View {
    view! {
        {draw.flag("follow_redirects", "Follow redirects", "Credentials stay behind when another host is led to.")}
        {draw.number("max_redirects", "At most", "", "redirects")}
        {draw.number("certificate_warn_days", "Tell of an ending certificate", "At 21, 14, 7, 3 and 1 days up to this number; 0 for never. It never counts as downtime.", "days before")}
        {draw.flag("ignore_certificate", "Ignore certificate errors", "")}
        {draw.area("extra_ca_pem", "Own authority", "Certificates in PEM that are trusted for this monitor, beside the usual ones.")}
        {draw.ip()}
    }
    .into_any()
}

fn tcp(draw: &Draw<'_>) -> Vec<View> {
    vec![
        field_row(vec![draw.text("host", "Host", "A name or an IP address.", true), draw.number("port", "Port", "", "")]),
        draw.text("send", "Send", "After connecting; \\r\\n is a line end. Empty: nothing.", false),
        draw.text("expect", "Expect", "Must be in the answer. Empty: it is enough that the port opens.", false),
        draw.ip(),
    ]
}

fn tls(draw: &Draw<'_>) -> Vec<View> {
    vec![
        field_row(vec![draw.text("host", "Host", "A name or an IP address.", true), draw.number("port", "Port", "", "")]),
        field_row(vec![
            draw.number("warn_days", "Degraded when fewer are left than", "", "days"),
            draw.number("fail_days", "Down when fewer are left than", "0: only when it has expired.", "days"),
        ]),
        draw.text("server_name", "Server name", "Asked for in the handshake; empty: the host.", false),
        draw.area("extra_ca_pem", "Own authority", "Certificates in PEM that are trusted for this monitor."),
        draw.ip(),
    ]
}

fn dns(draw: &Draw<'_>) -> Vec<View> {
    let records: Vec<Choice<'_>> = RecordKind::ALL.iter().map(|kind| Choice::new(kind.as_str(), kind.as_str())).collect();
    let record = draw.fields.select(Select {
        name: "record",
        label: "Record",
        choices: &records,
        value: draw.typed.text("record"),
        ..Select::default()
    });
    let expect = draw.select(
        "expect_kind",
        "The answer",
        &[
            Choice { value: "any", label: "has any record", help: "" },
            Choice { value: "contains", label: "contains each of these values", help: "" },
            Choice { value: "equals", label: "is exactly these values", help: "" },
            Choice { value: "count", label: "has at least so many records", help: "" },
        ],
    );
    vec![
        field_row(vec![draw.text("host", "Name", "The name that is asked for.", true), record]),
        draw.text("resolver", "DNS server", "By IP address, such as 1.1.1.1 or 10.0.0.2:5353. Empty: the system's.", false),
        expect,
        draw.area("expect", "Values", "One a line, for contains and exactly."),
        draw.number("at_least", "At least", "", "records"),
    ]
}

fn heartbeat(draw: &Draw<'_>) -> Vec<View> {
    let schedule = [
        Choice { value: "every", label: "At intervals", help: "Counted from one beat to the next." },
        Choice { value: "cron", label: "By cron expression", help: "The same line as in your crontab, with its time zone." },
    ];
    let schedule = draw.fields.radio(Radio {
        name: "schedule",
        label: "The job runs",
        value: draw.typed.text("schedule"),
        choices: &schedule,
        ..Radio::default()
    });
    vec![
        schedule,
        draw.number("period_s", "Every", "For intervals.", "seconds"),
        field_row(vec![
            draw.fields.text(TextField {
                name: "expression",
                label: "Cron expression",
                value: draw.typed.text("expression"),
                placeholder: "30 2 * * *",
                ..TextField::default()
            }),
            draw.text("zone", "Time zone", "Such as Europe/Berlin or UTC.", false),
        ]),
        field_row(vec![
            draw.number("grace_s", "Grace time", "A beat may be so late before it counts as missing.", "seconds"),
            draw.number("max_run_s", "Longest run", "From /start to the end; empty: the grace time.", "seconds"),
        ]),
        field_row(vec![
            draw.number("fail_after", "Down after", "So many beats in a row that failed or stayed away.", "beats"),
            draw.number("recover_after", "Up again after", "So many good beats in a row.", "beats"),
        ]),
    ]
}

fn group(draw: &Draw<'_>, others: &[(MonitorId, String)]) -> Vec<View> {
    vec![
        check_list(draw, "members", "Members", "", others, "Make the monitors first."),
        draw.quorum("policy", "Down when", "any, majority, all, or a number of members that are down."),
    ]
}

fn check_list(draw: &Draw<'_>, name: &str, label: &str, help: &str, others: &[(MonitorId, String)], empty: &str) -> View {
    let ids: Vec<(String, &str)> = others.iter().map(|(id, name)| (id.to_string(), name.as_str())).collect();
    let choices: Vec<Choice<'_>> = ids.iter().map(|(id, name)| Choice::new(id, name)).collect();
    draw.fields.check_list(CheckList { name, label, help, choices: &choices, checked: &draw.typed.list(name), empty })
}

fn rhythm(draw: &Draw<'_>) -> View {
    let rows = vec![
        field_row(vec![
            draw.number("interval_s", "Look every", "", "seconds"),
            draw.number("confirm_failures", "Failures in a row until down", "", ""),
            draw.number("confirm_successes", "Good checks until up again", "", ""),
        ]),
        field_row(vec![
            draw.number("timeout_ms", "Timeout", "", "ms"),
            draw.number("degraded_ms", "Degraded when slower than", "3 of the last 5 checks. Empty: speed is not judged.", "ms"),
            draw.number("retry_s", "Confirm every", "How fast a failure is looked at again.", "seconds"),
        ]),
        draw.quorum("vantages", "With further vantages, down when", "any, majority, all, or a number of those that report."),
    ];
    field_set("Rhythm", "", stack(rows))
}

fn around(draw: &Draw<'_>, view: &FormView<'_>) -> View {
    let parents = check_list(
        draw,
        "depends_on",
        "Depends on",
        "While one of these is down, nobody is told of this one: it is recorded and linked.",
        &view.others,
        "There is no other monitor.",
    );
    let tags = draw.text("tags", "Tags", "Divided by commas.", false);
    let key = draw.text("key", "Key", "A short name for files (hermetic apply); may stay empty.", false);
    let note =
        draw.fields.text_area(TextArea { name: "note", label: "Note", value: draw.typed.text("note"), rows: 2, ..TextArea::default() });
    let is_open =
        view.stored.is_some_and(|(monitor, _)| !monitor.tags.is_empty() || !monitor.depends_on.is_empty() || !monitor.note.is_empty());
    disclosure("Tags, dependencies, note", is_open || !view.errors.is_empty(), view! { {tags}{parents}{key}{note} })
}
