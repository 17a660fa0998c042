//! Prints one console page with every part on it: `cargo run -p frontend --example gallery > page.html`, beside the bundled files.

use frontend::prelude::*;
use frontend::{AssetUrls, Flash, FrameMember, NavGroup, NavItem, Theme};
use kernel::error::FieldError;
use kernel::{Role, Time};
use std::time::Duration;

const NOW: Time = Time(1_795_444_740_000);
const ASSETS: AssetUrls = AssetUrls { css: "console.css", own_css: None, js: "console.js", favicon: "favicon.svg" };
const ICON: &str = r#"<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="M3 12.5h4.2l2.3-6.3 4.6 12.1 2.4-5.8H21"/></svg>"#;

#[expect(clippy::print_stdout, reason = "an example prints what it is an example of")]
fn main() {
    let page = vec![head(), numbers(), monitors(), response(), facts(), form_card(), says(), small()];
    println!("{}", console_page(&frame(), "Gallery", page));
}

fn frame() -> Frame {
    let item = |label: &str, path: &str, waiting: u64| NavItem { label: label.to_owned(), href: path.into(), icon: ICON, waiting };
    let first = vec![item("Home", "/", 0)];
    let watch = vec![item("Uptime", "/uptime", 0), item("Status page", "/status", 0), item("Alerts", "/alerts", 2)];
    let house = vec![
        item("Deliveries", "/deliveries", 0),
        item("Jobs", "/jobs", 0),
        item("Members", "/identity/members", 0),
        item("Settings", "/settings", 0),
    ];
    Frame {
        product: "Hermetic".to_owned(),
        path: "/uptime/monitors/3".to_owned(),
        nav: vec![
            NavGroup { label: String::new(), items: first },
            NavGroup { label: "Watch".to_owned(), items: watch },
            NavGroup { label: "House".to_owned(), items: house },
        ],
        member: FrameMember { name: "Ada Lovelace".to_owned(), role: Role::Owner },
        flash: Some(Flash { tone: Tone::Good, text: "The monitor was saved. Its first check runs within 20 seconds.".to_owned() }),
        theme: Theme::System,
        topics: vec!["uptime", "alerts"],
        query: String::new(),
        assets: ASSETS,
    }
}

fn head() -> View {
    let pause = post_button("/uptime/monitors/3/pause", "Pause", Look::Plain);
    let delete = confirm_button(&ConfirmButton {
        label: "Delete",
        question: "This deletes the monitor with its history of 90 days. It cannot be undone.",
        confirm: "Delete the monitor",
        action: "/uptime/monitors/3/delete".into(),
        look: Look::Danger,
        fields: vec![("version", "4".to_owned())],
    });
    let head = page_head(PageHead {
        title: "API – api.example.com/health",
        lead: "Asks https://api.example.com/health every 20 seconds and expects the word ok within 2 seconds.",
        trail: vec![("Uptime", "/uptime".into()), ("Monitors", "/uptime/monitors".into())],
        badge: Some(state_badge(Tone::Good, "Up")),
        actions: vec![link_button("/uptime/monitors/3/edit", "Edit", Look::Primary), pause, delete],
    });
    let tabs = tabs(
        "This monitor",
        &[
            Tab { label: "Overview", href: "/uptime/monitors/3".into(), is_current: true, count: None },
            Tab { label: "Checks", href: "/uptime/monitors/3/checks".into(), ..Tab::default() },
            Tab { label: "Outages", href: "/uptime/monitors/3/outages".into(), count: Some(4), ..Tab::default() },
            Tab { label: "Alerts", href: "/uptime/monitors/3/alerts".into(), count: Some(1), ..Tab::default() },
        ],
    );
    stack(vec![head, tabs])
}

fn numbers() -> View {
    let spark: Vec<f64> = (0..40).map(|step| 120.0 + 40.0 * (f64::from(step) / 4.0).sin()).collect();
    let tiles_shown = vec![
        tile(&Tile {
            title: "Uptime, 30 days",
            value: "99.98",
            unit: "%",
            note: "8 min down",
            tone: Tone::Good,
            href: "/uptime".into(),
            ..Tile::default()
        }),
        tile(&Tile { title: "Typical answer", value: "142", unit: "ms", note: "p95 310 ms", spark: &spark, ..Tile::default() }),
        tile(&Tile {
            title: "Open alerts",
            value: "2",
            note: "oldest 14 min ago",
            tone: Tone::Bad,
            href: "/alerts".into(),
            ..Tile::default()
        }),
        tile(&Tile { title: "Certificate", value: "12", unit: "days", note: "expires soon", tone: Tone::Warn, ..Tile::default() }),
    ];
    live("numbers", tiles(tiles_shown))
}

fn monitors() -> View {
    let row = |name: &str, tone: Tone, state: &str, latency: &str, since: u64| Row {
        cells: vec![
            link("/uptime/monitors/3", name),
            state_dot(tone, state),
            tag("HTTP"),
            muted(latency),
            ago(NOW - Duration::from_secs(since), NOW),
            post_button("/uptime/monitors/3/check", "Check now", Look::Quiet),
        ],
        tone: if tone == Tone::Bad { Tone::Bad } else { Tone::Neutral },
    };
    let rows = vec![
        row("API", Tone::Good, "Up", "142 ms", 7),
        row("Checkout, with a name that goes on for a while", Tone::Bad, "Down", "–", 190),
        row("Marketing site", Tone::Warn, "Degraded", "2.4 s", 12),
        row("Nightly import", Tone::Info, "Maintenance", "–", 9_000),
        row("Old shop", Tone::Neutral, "Paused", "–", 400_000),
    ];
    let heads = [
        Head::text("Name"),
        Head::text("State"),
        Head::text("Kind"),
        Head::number("Answer"),
        Head::text("Last check"),
        Head::hidden("Actions"),
    ];
    let empty = EmptyState { title: "No monitors yet", sentence: "Add one.", actions: vec![] };
    let listed = table(Table { caption: "Monitors", heads: &heads, rows, empty });
    let more = pager(&Pager { first: Href::default(), next: Href::path("/uptime").with("before", 41), note: "5 of 212" });
    let add = link_button("/uptime/monitors/new", "Add a monitor", Look::Plain);
    card(Card { title: "Monitors", lead: "", actions: vec![add], is_flush: true }, view! { {live("monitors", listed)}{more} })
}

fn response() -> View {
    let from = NOW - Duration::from_secs(86_400);
    let every = Duration::from_secs(300);
    let steps = || (0..288i32).filter(|step| !(120..150).contains(step) && *step != 200 && *step != 202);
    let series = |name: &'static str, base: f64, swing: f64| Series {
        name,
        points: steps()
            .map(|step| Point {
                at: from + every * step.unsigned_abs(),
                value: base + swing * (f64::from(step) / 20.0).sin() + f64::from(step * 37 % 23),
            })
            .collect(),
    };
    let chart = line_chart(&LineChart {
        id: "answers",
        title: "Time to answer",
        about: "Typical and slowest answers of the last 24 hours; nothing was measured for two and a half hours.",
        unit: Unit::Millis,
        from,
        to: NOW,
        every,
        series: vec![series("p50", 140.0, 30.0), series("p95", 310.0, 80.0)],
        bands: vec![Band { from: from + every * 120, to: from + every * 150, tone: Tone::Bad, label: "Outage, 2 h 30 min".to_owned() }],
        marks: vec![Mark { value: 450.0, label: "Slow from 450 ms" }],
        empty: "",
        has_table: true,
    });
    let days: Vec<DayCell> = (0..90)
        .map(|day| {
            let (tone, note) = match day {
                0..=11 => (Tone::Neutral, "no data"),
                40 => (Tone::Bad, "down 23 min"),
                41 | 66 => (Tone::Warn, "degraded 1 h 4 min"),
                70..=71 => (Tone::Info, "maintenance 30 min"),
                _ => (Tone::Good, ""),
            };
            DayCell { tone, label: format!("Day {day}"), note: note.to_owned() }
        })
        .collect();
    let bars = day_bars(&DayBars { label: "API", days: &days, from: "90 days ago", middle: "99.97 % up", to: "Today", summary: "" });
    let parts = [("DNS", 12.0), ("Connect", 18.0), ("TLS", 34.0), ("First byte", 71.0), ("Transfer", 7.0)]
        .map(|(label, value)| Share { label, value });
    let phases = shares(&Shares { label: "Last check", unit: Unit::Millis, parts: &parts });
    let left = vec![
        card(Card::default(), chart),
        card(Card { title: "Last 90 days", ..Card::default() }, bars),
        card(Card { title: "Last check, by phase", ..Card::default() }, phases),
    ];
    let buckets: Vec<(String, u64)> =
        [3u64, 40, 220, 410, 160, 60, 22, 8, 0, 2].iter().enumerate().map(|(at, count)| (format!("{}", at * 50), *count)).collect();
    let spread =
        histogram(&Histogram { title: "How answers spread (ms)", about: "Most lie near 150 ms.", buckets: &buckets, counted: "checks" });
    let pairs = vec![
        ("Address", link(elsewhere(), "api.example.com/health")),
        ("Method", code("GET")),
        ("Since", moment(NOW)),
        ("Checked", ago(NOW - Duration::from_secs(75), NOW)),
        ("Certificate", date(NOW + Duration::from_secs(12 * 86_400))),
    ];
    let right = vec![
        card(Card { title: "Facts", ..Card::default() }, key_values(pairs)),
        card(Card::default(), spread),
        card(
            Card { title: "Host", ..Card::default() },
            view! {
                {meter(&Meter { label: "Disk", value: 34.4, max: 40.0, text: "34.4 of 40 GB", tone: Tone::Warn })}
                {meter(&Meter { label: "Memory", value: 0.6, max: 2.0, text: "0.6 of 2 GB", tone: Tone::Neutral })}
                {progress("Import", 40, 125)}
            },
        ),
    ];
    columns(stack(left), stack(right))
}

fn facts() -> View {
    let body = view! {
        {copy_box("Beat address", "https://hermetic.example.com/beat/7k2m9q4x")}
        {code_block("curl -fsS https://hermetic.example.com/beat/7k2m9q4x/start\n./nightly-import\ncurl -fsS https://hermetic.example.com/beat/7k2m9q4x")}
        {disclosure("What the last answer said", false, code_block("HTTP/1.1 503 Service Unavailable"))}
    };
    card(Card { title: "Heartbeat", lead: "Call this address each time the job ends well.", ..Card::default() }, body)
}

/// An address as the door would have checked it.
fn elsewhere() -> Href {
    kernel::text::WebUrl::parse("https://api.example.com/health").map_or_else(|_| "/".into(), Href::from)
}

fn form_card() -> View {
    let errors = [
        FieldError { field: "address".to_owned(), message: "Please give a web address that starts with https:// or http://.".to_owned() },
        FieldError { field: "channels".to_owned(), message: "Please choose at least one channel.".to_owned() },
    ];
    let fields = Fields::new(&errors);
    let kinds = [Choice::new("http", "Web address (HTTP)"), Choice::new("tcp", "TCP port"), Choice::new("heartbeat", "Heartbeat")];
    let channels = [Choice::new("1", "E-mail to the team"), Choice { value: "2", label: "Slack #ops", help: "last delivered 3 min ago" }];
    let severities = [Choice::new("critical", "Critical"), Choice::new("warning", "Warning"), Choice::new("info", "Info")];
    let watch = view! {
        {fields.text(TextField { name: "name", label: "Name", value: "API", required: true, max: 80, ..TextField::default() })}
        {fields.select(Select { name: "kind", label: "Kind", value: "http", choices: &kinds, ..Select::default() })}
        {fields.text(TextField { name: "address", label: "Address", value: "api.example.com", help: "Redirects are followed up to five times.", kind: TextKind::Url, required: true, ..TextField::default() })}
        {field_row(vec![
            fields.number(NumberField { name: "interval", label: "Every", value: "20", unit: "seconds", min: Some(10), max: Some(3600), required: true, ..NumberField::default() }),
            fields.number(NumberField { name: "timeout", label: "Give up after", value: "10", unit: "seconds", ..NumberField::default() }),
        ])}
        {fields.secret(SecretField { name: "password", label: "Password", is_set: true, ..SecretField::default() })}
        {fields.text_area(TextArea { name: "headers", label: "Headers", value: "Accept: application/json", help: "One a line.", is_code: true, rows: 3, ..TextArea::default() })}
    };
    let tell = view! {
        {fields.check_list(CheckList { name: "channels", label: "Channels", choices: &channels, checked: &["2"], ..CheckList::default() })}
        {fields.radio(Radio { name: "severity", label: "Severity", value: "warning", choices: &severities, ..Radio::default() })}
        {fields.check_box(CheckBox { name: "public", label: "Show on the status page", help: "Visitors see the name, never the address.", is_checked: true })}
    };
    let body = view! {
        {fields.summary()}
        {field_set("What to watch", "", watch)}
        {field_set("Whom to tell", "Nobody is told during a maintenance.", tell)}
        {submit_row(&SubmitRow { label: "Save the monitor", look: Look::Primary, cancel: "/uptime".into() })}
    };
    card(Card { title: "Edit", ..Card::default() }, form(Form { action: "/uptime/monitors/3".into(), ..Form::default() }, body))
}

fn says() -> View {
    let badges =
        [(Tone::Good, "Up"), (Tone::Warn, "Degraded"), (Tone::Bad, "Down"), (Tone::Info, "Maintenance"), (Tone::Neutral, "No data")];
    let badges: Vec<View> = badges.iter().map(|(tone, text)| state_badge(*tone, text)).collect();
    let empty = EmptyState {
        title: "No silences",
        sentence: "A silence keeps matching alerts quiet for a while, for instance during a planned change.",
        actions: vec![link_button("/alerts/silences/new", "Add a silence", Look::Primary)],
    };
    let heads = [Head::text("Silence")];
    let nothing = table(Table { caption: "Silences", heads: &heads, rows: vec![], empty });
    let happenings = vec![
        Happening { at: NOW, tone: Tone::Good, title: "Resolved".to_owned(), body: vec![paragraph("Two checks in a row answered well.")] },
        Happening {
            at: NOW - Duration::from_secs(500),
            tone: Tone::Neutral,
            title: "Acknowledged by Ada Lovelace".to_owned(),
            body: vec![],
        },
        Happening {
            at: NOW - Duration::from_secs(900),
            tone: Tone::Bad,
            title: "Opened: API is down".to_owned(),
            body: vec![paragraph("503 Service Unavailable")],
        },
    ];
    stack(vec![
        card(Card { title: "What happened", ..Card::default() }, timeline(happenings)),
        actions(badges),
        notice(Tone::Info, "A new version is ready. It is installed at the next start."),
        notice(Tone::Warn, "Mail is not set up: nobody hears of alerts by e-mail."),
        notice_about(
            Tone::Bad,
            "The channel Slack #ops does not answer.",
            paragraph("The last 4 deliveries failed; the next try is in 5 min."),
        ),
        card(Card { title: "Silences", is_flush: true, ..Card::default() }, nothing),
    ])
}

fn small() -> View {
    let filters = filter_form(
        "/alerts",
        view! {
            {Fields::within("filter", &[]).select(Select { name: "state", label: "State", value: "open", choices: &[Choice::new("", "All"), Choice::new("open", "Open")], ..Select::default() })}
            {button("Show", Look::Plain, "", "")}
        },
    );
    section(
        Section { id: "small", title: "Small things", lead: "Buttons and filters.", actions: vec![] },
        view! {
            {filters}
            {actions(vec![
                button("Primary", Look::Primary, "", ""),
                button("Plain", Look::Plain, "", ""),
                button("Quiet", Look::Quiet, "", ""),
                button("Danger", Look::Danger, "", ""),
            ])}
        },
    )
}
