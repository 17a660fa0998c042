//! One [`Notice`] is what is to be said; a channel turns it into its own wire form. Plain text everywhere: each channel escapes for itself.

use std::time::Duration;

use jiff::tz::TimeZone;
use kernel::Time;
use kernel::text::shorten;
use kernel::time::{MINUTE, describe_duration};
use serde::{Deserialize, Serialize};

use crate::alert::{Alert, AlertState};
use crate::engine::issues;
use crate::rule::Topic;
use crate::severity::Severity;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notice {
    pub kind: NoticeKind,
    pub severity: Severity,
    /// One word in front of the title: `DOWN`, `RECOVERED`.
    pub tag: String,
    pub title: String,
    pub detail: String,
    pub facts: Vec<(String, String)>,
    /// Lines of a digest or of a group.
    pub items: Vec<String>,
    pub links: Vec<Link>,
    /// The same for every notice about one alert: mails thread by it, PagerDuty deduplicates by it.
    pub thread: String,
    /// Stable over retries; what a receiver may deduplicate by.
    pub key: String,
    /// When what is told happened.
    pub at: Time,
    pub started_at: Time,
    pub ended_at: Option<Time>,
    /// Who is speaking, such as `status.example.com`.
    pub instance: String,
    /// Set when it is sent much later than it happened.
    pub delayed: Option<Duration>,
    /// The opening never went out on this channel: this one tells both.
    pub is_merged: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub label: String,
    pub url: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NoticeKind {
    Open,
    Resolved,
    Reminder,
    Escalated,
    Acknowledged,
    Flapping,
    Interrupted,
    Resumed,
    Digest,
    Grouped,
    Test,
}

/// What the notice gets from its surroundings.
#[derive(Debug, Clone, PartialEq)]
pub struct Voice<'a> {
    pub instance: &'a str,
    /// Without a slash at the end.
    pub public_url: &'a str,
    /// In which moments are written.
    pub zone: TimeZone,
    pub now: Time,
}

impl Voice<'_> {
    /// `23 Nov 2026, 15:39 CET`
    pub fn moment(&self, at: Time) -> String {
        at.in_zone(&self.zone).strftime("%-d %b %Y, %H:%M %Z").to_string()
    }
}

/// From here on a late notice says how late it is.
pub const DELAYED: Duration = Duration::from_secs(15 * 60);

impl NoticeKind {
    pub const ALL: [NoticeKind; 11] = [
        NoticeKind::Open,
        NoticeKind::Resolved,
        NoticeKind::Reminder,
        NoticeKind::Escalated,
        NoticeKind::Acknowledged,
        NoticeKind::Flapping,
        NoticeKind::Interrupted,
        NoticeKind::Resumed,
        NoticeKind::Digest,
        NoticeKind::Grouped,
        NoticeKind::Test,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            NoticeKind::Open => "open",
            NoticeKind::Resolved => "resolved",
            NoticeKind::Reminder => "reminder",
            NoticeKind::Escalated => "escalated",
            NoticeKind::Acknowledged => "acknowledged",
            NoticeKind::Flapping => "flapping",
            NoticeKind::Interrupted => "interrupted",
            NoticeKind::Resumed => "resumed",
            NoticeKind::Digest => "digest",
            NoticeKind::Grouped => "grouped",
            NoticeKind::Test => "test",
        }
    }

    /// Says that something began. Overtaken by its ending when that is posted before this one went out.
    pub fn is_beginning(self) -> bool {
        matches!(
            self,
            NoticeKind::Open
                | NoticeKind::Grouped
                | NoticeKind::Interrupted
                | NoticeKind::Flapping
                | NoticeKind::Reminder
                | NoticeKind::Escalated
        )
    }

    pub fn is_ending(self) -> bool {
        matches!(self, NoticeKind::Resolved | NoticeKind::Resumed)
    }

    /// Whether acknowledging makes sense.
    pub fn may_be_acknowledged(self) -> bool {
        self.is_beginning()
    }
}

impl Notice {
    /// `[DOWN] api.example.com is down (delayed 22 min)`
    pub fn headline(&self) -> String {
        let mut line = format!("[{}] {}", self.tag, self.title);
        if let Some(label) = self.delay_label() {
            line.push_str(&format!(" ({label})"));
        }
        line
    }

    pub fn delay_label(&self) -> Option<String> {
        self.delayed.map(|span| format!("delayed {}", describe_duration(Duration::from_secs(span.as_secs() / 60 * 60))))
    }

    /// As it is sent at `now`: labelled when it is late.
    #[must_use]
    pub fn sent_at(mut self, now: Time) -> Self {
        let late = now.since(self.at);
        self.delayed = (late > DELAYED && self.kind != NoticeKind::Digest).then_some(late);
        self
    }

    /// Title, detail, items: everything in plain lines.
    pub fn plain(&self) -> String {
        let mut lines = vec![self.headline()];
        if !self.detail.is_empty() {
            lines.push(self.detail.clone());
        }
        lines.extend(self.items.iter().map(|item| format!("- {item}")));
        lines.extend(self.facts.iter().map(|(label, value)| format!("{label}: {value}")));
        lines.extend(self.links.iter().map(|link| format!("{}: {}", link.label, link.url)));
        lines.join("\n")
    }

    /// Is the news good? Colours, icons and priorities follow.
    pub fn tone(&self) -> Tone {
        match (self.kind, self.severity) {
            (NoticeKind::Resolved | NoticeKind::Resumed, _) => Tone::Good,
            (NoticeKind::Test | NoticeKind::Digest | NoticeKind::Acknowledged, _) => Tone::Calm,
            (_, Severity::Critical) => Tone::Bad,
            (_, Severity::Warning) => Tone::Warn,
            (_, Severity::Info) => Tone::Calm,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Good,
    Calm,
    Warn,
    Bad,
}

impl Tone {
    /// As `0xRRGGBB`.
    pub fn color(self) -> u32 {
        match self {
            Tone::Good => 0x1a_7f_37,
            Tone::Calm => 0x57_60_6a,
            Tone::Warn => 0xbf_87_00,
            Tone::Bad => 0xcf_22_2e,
        }
    }
}

/// The notice of this kind about an alert as it stands.
pub fn about(alert: &Alert, kind: NoticeKind, voice: &Voice<'_>) -> Notice {
    let at = match kind {
        NoticeKind::Open | NoticeKind::Grouped | NoticeKind::Interrupted => alert.opened_at,
        NoticeKind::Resolved | NoticeKind::Resumed => alert.resolved_at.unwrap_or(voice.now),
        NoticeKind::Acknowledged => alert.acknowledged_at.unwrap_or(voice.now),
        _ => voice.now,
    };
    let (title, detail) = words(alert, kind, voice.now);
    Notice {
        kind,
        severity: alert.severity,
        tag: tag(alert, kind),
        title: shorten(&title, 300),
        detail: shorten(&detail, 1_000),
        facts: facts(alert, kind, voice),
        items: Vec::new(),
        links: links(alert, voice),
        thread: format!("alert-{}", alert.id),
        key: format!("alert:{}:{}:{}", alert.id, kind.as_str(), alert.notices),
        at,
        started_at: alert.started_at,
        ended_at: alert.resolved_at,
        instance: voice.instance.to_owned(),
        delayed: None,
        is_merged: false,
    }
}

/// The ending told together with its beginning, because the beginning never went out.
#[must_use]
pub fn merged(mut ending: Notice, topic: Topic, subject: &str) -> Notice {
    let lasted = describe_duration(ending.ended_at.unwrap_or(ending.at).since(ending.started_at));
    if topic.is_issue() {
        ending.title = shorten(&format!("{subject}: came up, over after {lasted}"), 300);
        ending.is_merged = true;
        return ending;
    }
    let is_many = subject.ends_with(" monitors");
    let verb = match topic {
        Topic::MonitoringInterrupted => "was interrupted",
        Topic::MonitorDown if is_many => "were down",
        Topic::MonitorDown => "was down",
        Topic::MonitorDegraded if is_many => "were degraded",
        Topic::MonitorDegraded => "was degraded",
        Topic::DumpFailed => "had no good backup for",
        _ => "lasted",
    };
    ending.title = shorten(&format!("{subject} {verb} {lasted}, recovered"), 300);
    ending.is_merged = true;
    ending
}

/// Something about Hermetic's own notices that belongs to no alert.
pub fn remark(tag: &str, title: &str, detail: &str, voice: &Voice<'_>, key: String) -> Notice {
    Notice {
        kind: NoticeKind::Digest,
        severity: Severity::Warning,
        tag: tag.to_owned(),
        title: title.to_owned(),
        detail: detail.to_owned(),
        facts: Vec::new(),
        items: Vec::new(),
        links: vec![Link { label: "Open alerts".to_owned(), url: format!("{}/alerts", voice.public_url) }],
        thread: "remarks".to_owned(),
        key,
        at: voice.now,
        started_at: voice.now,
        ended_at: None,
        instance: voice.instance.to_owned(),
        delayed: None,
        is_merged: false,
    }
}

/// A test of a channel by a person.
pub fn test(channel: &str, member: &str, voice: &Voice<'_>, key: String) -> Notice {
    Notice {
        kind: NoticeKind::Test,
        severity: Severity::Info,
        tag: "TEST".to_owned(),
        title: shorten(&format!("The channel “{channel}” works"), 300),
        detail: format!("{member} sent this test from Hermetic. Nothing is wrong."),
        facts: vec![("Sent".to_owned(), voice.moment(voice.now))],
        items: Vec::new(),
        links: vec![Link { label: "Open channels".to_owned(), url: format!("{}/alerts/channels", voice.public_url) }],
        thread: "test".to_owned(),
        key,
        at: voice.now,
        started_at: voice.now,
        ended_at: None,
        instance: voice.instance.to_owned(),
        delayed: None,
        is_merged: false,
    }
}

/// What was held in quiet hours, as one notice. `lines` are headlines with their times, oldest first.
pub fn digest(lines: Vec<String>, still_open: usize, voice: &Voice<'_>, key: String) -> Notice {
    let count = lines.len();
    let notices = if count == 1 { "1 notice was".to_owned() } else { format!("{count} notices were") };
    let open = match still_open {
        0 => "Nothing of it is open any more.".to_owned(),
        1 => "1 alert is still open.".to_owned(),
        open => format!("{open} alerts are still open."),
    };
    let mut items: Vec<_> = lines.into_iter().take(20).collect();
    if count > items.len() {
        items.push(format!("and {} more", count - items.len()));
    }
    Notice {
        kind: NoticeKind::Digest,
        severity: Severity::Warning,
        tag: "DIGEST".to_owned(),
        title: format!("{notices} held during quiet hours"),
        detail: open,
        facts: Vec::new(),
        items,
        links: vec![Link { label: "Open alerts".to_owned(), url: format!("{}/alerts", voice.public_url) }],
        thread: "digest".to_owned(),
        key,
        at: voice.now,
        started_at: voice.now,
        ended_at: None,
        instance: voice.instance.to_owned(),
        delayed: None,
        is_merged: false,
    }
}

fn tag(alert: &Alert, kind: NoticeKind) -> String {
    let opening = match alert.topic {
        Topic::MonitorDown => "DOWN",
        Topic::MonitorDegraded => "DEGRADED",
        Topic::MonitoringInterrupted => "INTERRUPTED",
        Topic::IssueOpened | Topic::LesserIssueOpened => "NEW ISSUE",
        Topic::IssueRegressed => "BACK",
        Topic::IssueSpiking => "SPIKE",
        _ => match alert.severity {
            Severity::Critical => "CRITICAL",
            Severity::Warning => "WARNING",
            Severity::Info => "INFO",
        },
    };
    let tag = match kind {
        NoticeKind::Open | NoticeKind::Grouped | NoticeKind::Interrupted => opening,
        NoticeKind::Resolved if alert.topic == Topic::MonitorDown => "RECOVERED",
        NoticeKind::Resolved => "RESOLVED",
        NoticeKind::Resumed => "RESUMED",
        NoticeKind::Reminder => "STILL OPEN",
        NoticeKind::Escalated => "ESCALATED",
        NoticeKind::Acknowledged => "ACKNOWLEDGED",
        NoticeKind::Flapping => "FLAPPING",
        NoticeKind::Digest => "DIGEST",
        NoticeKind::Test => "TEST",
    };
    tag.to_owned()
}

fn words(alert: &Alert, kind: NoticeKind, now: Time) -> (String, String) {
    let lasted = describe_duration(alert.lasted(now));
    match kind {
        NoticeKind::Resolved => (ended_title(alert, &lasted), ended_detail(alert)),
        NoticeKind::Resumed => (format!("Monitoring from {} goes on after {lasted}", alert.subject), ended_detail(alert)),
        NoticeKind::Reminder if alert.acknowledged_at.is_some() => {
            let since = describe_duration(now.since(alert.acknowledged_at.unwrap_or(now)));
            (format!("{} — still open {since} after {} acknowledged", alert.title, alert.acknowledged_by), alert.detail.clone())
        }
        NoticeKind::Reminder => (format!("{} — for {lasted} now, nobody has acknowledged", alert.title), alert.detail.clone()),
        NoticeKind::Escalated => (format!("{} — nobody has acknowledged for {lasted}", alert.title), alert.detail.clone()),
        NoticeKind::Acknowledged => (format!("{} has seen: {}", alert.acknowledged_by, alert.title), alert.detail.clone()),
        NoticeKind::Flapping => (
            format!("{} keeps changing between up and down", alert.subject),
            "Single notices about it are withheld until it is stable.".to_owned(),
        ),
        _ => (alert.title.clone(), alert.detail.clone()),
    }
}

fn ended_title(alert: &Alert, lasted: &str) -> String {
    match (alert.topic, alert.is_group) {
        (Topic::MonitorDown, true) => format!("All {} recovered after {lasted}", alert.subject),
        (Topic::MonitorDown, false) => format!("{} is up again after {lasted}", alert.subject),
        (Topic::MonitorDegraded, true) => format!("All {} are well again after {lasted}", alert.subject),
        (Topic::MonitorDegraded, false) => format!("{} is well again after {lasted}", alert.subject),
        (Topic::ChannelDead, _) => format!("The channel {} delivers again", alert.subject),
        (Topic::MonitoringInterrupted, _) => format!("Monitoring from {} goes on after {lasted}", alert.subject),
        (Topic::ReplicaStale, _) => format!("{} is up to date again after {lasted}", alert.subject),
        (Topic::LeaseLost, _) => format!("{} is this instance's own again after {lasted}", alert.subject),
        (Topic::SpoolFailing, _) => format!("{} can be put aside again after {lasted}", alert.subject),
        (Topic::DiskFull, _) => format!("{} has room again after {lasted}", alert.subject),
        (Topic::DrillFailed, _) => format!("{} was restored again", alert.subject),
        (Topic::DumpFailed, _) if alert.resolved_by.is_empty() => {
            format!("There is a good backup of {} again after {lasted}", alert.subject)
        }
        (topic, is_group) if topic.is_issue() && alert.resolved_by.starts_with(issues::CLOSING) => match is_group {
            true => format!("All of {} are closed", alert.subject),
            false => format!("{}: closed after {lasted}", alert.subject),
        },
        (Topic::IssueSpiking, _) if alert.resolved_by.is_empty() => format!("{}: as usual again after {lasted}", alert.subject),
        // Somebody has ended the alert and not the issue.
        (Topic::IssueOpened | Topic::LesserIssueOpened | Topic::IssueRegressed | Topic::IssueSpiking, _)
        | (Topic::DumpFailed | Topic::Metric | Topic::CertificateExpiring, _) => format!("{}: over after {lasted}", alert.subject),
    }
}

fn ended_detail(alert: &Alert) -> String {
    if alert.resolved_by.is_empty() { String::new() } else { format!("Resolved by {}.", alert.resolved_by) }
}

fn facts(alert: &Alert, kind: NoticeKind, voice: &Voice<'_>) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    let mut add = |label: &str, value: String| {
        if !value.is_empty() {
            facts.push((label.to_owned(), shorten(&value, 500)));
        }
    };
    add("Target", alert.target.clone());
    for (label, value) in &alert.facts {
        add(label, value.clone());
    }
    add("Since", voice.moment(alert.started_at));
    if kind.is_ending() {
        add("Until", alert.resolved_at.map(|at| voice.moment(at)).unwrap_or_default());
        add("Lasted", describe_duration(alert.lasted(voice.now)));
    } else if alert.opened_at.since(alert.started_at) >= MINUTE {
        add("Noticed", voice.moment(alert.opened_at));
    }
    if alert.state == AlertState::Acknowledged {
        add("Acknowledged by", alert.acknowledged_by.clone());
    }
    add("Rule", alert.rule_name.clone());
    facts
}

fn links(alert: &Alert, voice: &Voice<'_>) -> Vec<Link> {
    let mut links = Vec::new();
    if let Some(page) = issues::page(&alert.subject_key) {
        links.push(Link { label: "Open issue".to_owned(), url: format!("{}{page}", voice.public_url) });
    } else if alert.topic.is_issue() {
        links.push(Link { label: "Open issues".to_owned(), url: format!("{}/errors", voice.public_url) });
    }
    links.push(Link { label: "Open alert".to_owned(), url: format!("{}/alerts/{}", voice.public_url, alert.id) });
    if !alert.runbook.is_empty() {
        // The shipped ones are pages of this instance.
        let origin = if alert.runbook.starts_with('/') { voice.public_url } else { "" };
        links.push(Link { label: "Runbook".to_owned(), url: format!("{origin}{}", alert.runbook) });
    }
    links
}
