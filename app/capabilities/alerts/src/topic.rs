//! What facts can tell of: each [`Topic`] opens and closes by its own facts.

use kernel::{Error, Fact, Result};
use serde::{Deserialize, Serialize};

/// What facts can tell of; each opens and closes by its own pair of facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    MonitorDown,
    MonitorDegraded,
    CertificateExpiring,
    MonitoringInterrupted,
    ChannelDead,
    ReplicaStale,
    LeaseLost,
    SpoolFailing,
    DrillFailed,
    Metric,
    DumpFailed,
    DiskFull,
    IssueOpened,
    LesserIssueOpened,
    IssueRegressed,
    IssueSpiking,
}

impl Topic {
    pub const ALL: [Topic; 16] = [
        Topic::MonitorDown,
        Topic::MonitorDegraded,
        Topic::CertificateExpiring,
        Topic::MonitoringInterrupted,
        Topic::ChannelDead,
        Topic::ReplicaStale,
        Topic::LeaseLost,
        Topic::SpoolFailing,
        Topic::DrillFailed,
        Topic::Metric,
        Topic::DumpFailed,
        Topic::DiskFull,
        Topic::IssueOpened,
        Topic::LesserIssueOpened,
        Topic::IssueRegressed,
        Topic::IssueSpiking,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Topic::MonitorDown => "monitor_down",
            Topic::MonitorDegraded => "monitor_degraded",
            Topic::CertificateExpiring => "certificate_expiring",
            Topic::MonitoringInterrupted => "monitoring_interrupted",
            Topic::ChannelDead => "channel_dead",
            Topic::ReplicaStale => "replica_stale",
            Topic::LeaseLost => "lease_lost",
            Topic::SpoolFailing => "spool_failing",
            Topic::DrillFailed => "drill_failed",
            Topic::Metric => "metric",
            Topic::DumpFailed => "dump_failed",
            Topic::DiskFull => "disk_full",
            Topic::IssueOpened => "issue_opened",
            Topic::LesserIssueOpened => "lesser_issue_opened",
            Topic::IssueRegressed => "issue_regressed",
            Topic::IssueSpiking => "issue_spiking",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Topic::MonitorDown => "A monitor is down",
            Topic::MonitorDegraded => "A monitor is degraded",
            Topic::CertificateExpiring => "A certificate ends soon",
            Topic::MonitoringInterrupted => "Monitoring is interrupted",
            Topic::ChannelDead => "A channel does not deliver",
            Topic::ReplicaStale => "A copy of the database is stale",
            Topic::LeaseLost => "Another instance writes to a destination",
            Topic::SpoolFailing => "Nothing can be put aside for the copies",
            Topic::DrillFailed => "A drill of restoring failed",
            Topic::Metric => "A metric crosses a threshold",
            Topic::DumpFailed => "A database backup failed or is missing",
            Topic::DiskFull => "The disk is full",
            Topic::IssueOpened => "A new issue (error or worse)",
            Topic::LesserIssueOpened => "A new issue (warning or less)",
            Topic::IssueRegressed => "A resolved or ignored issue is back",
            Topic::IssueSpiking => "An issue has far more events than usual",
        }
    }

    pub fn parse(text: &str) -> Result<Self> {
        let known = Topic::ALL.into_iter().find(|topic| topic.as_str() == text);
        known.ok_or_else(|| Error::invalid(format!("A rule's source is one of {}.", Topic::ALL.map(Topic::as_str).join(", "))))
    }

    /// A reminder helps where somebody must act; a certificate is told of again by its own thresholds, a blind spell ends by itself,
    /// and an issue waits in its list.
    pub fn has_reminders(self) -> bool {
        !matches!(self, Topic::MonitorDegraded | Topic::CertificateExpiring | Topic::MonitoringInterrupted) && !self.is_news()
    }

    /// About an issue of a program.
    pub fn is_issue(self) -> bool {
        matches!(self, Topic::IssueOpened | Topic::LesserIssueOpened | Topic::IssueRegressed | Topic::IssueSpiking)
    }

    /// Something to know rather than a trouble that lasts: it stays open until somebody deals with it, and is forgotten in time.
    pub fn is_news(self) -> bool {
        matches!(self, Topic::IssueOpened | Topic::LesserIssueOpened | Topic::IssueRegressed)
    }

    /// Told without the group window: whoever told of it has waited out short troubles already.
    pub fn is_urgent(self) -> bool {
        matches!(self, Topic::ReplicaStale | Topic::LeaseLost | Topic::SpoolFailing | Topic::DiskFull)
    }

    /// Several of these at once have one cause more often than not.
    pub fn is_grouped(self) -> bool {
        matches!(self, Topic::MonitorDown | Topic::MonitorDegraded) || self.is_issue()
    }
}

/// Facts that open and end nothing here. Every other one is heard: who adds a fact to the house need not think of this list.
const UNHEARD: [&str; 4] = ["report_published", "maintenance_announced", "maintenance_ended", "artifacts_added"];

/// Facts that `alerts.take` reacts to.
pub fn heard() -> impl Iterator<Item = &'static str> {
    Fact::KINDS.into_iter().filter(|kind| !UNHEARD.contains(kind))
}

/// The topic under which a fact opens an alert; `None` when it opens nothing.
pub fn opening_topic(fact: &Fact) -> Option<Topic> {
    match fact {
        Fact::MonitorDown { .. } | Fact::MonitorFlapping { .. } => Some(Topic::MonitorDown),
        Fact::MonitorDegraded { .. } => Some(Topic::MonitorDegraded),
        Fact::CertificateExpiring { .. } => Some(Topic::CertificateExpiring),
        Fact::MonitoringInterrupted { .. } => Some(Topic::MonitoringInterrupted),
        Fact::DeliveryDied { .. } => Some(Topic::ChannelDead),
        Fact::ReplicaStale { .. } => Some(Topic::ReplicaStale),
        Fact::LeaseLost { .. } => Some(Topic::LeaseLost),
        Fact::SpoolFailing { .. } => Some(Topic::SpoolFailing),
        Fact::DrillFailed { .. } => Some(Topic::DrillFailed),
        Fact::DiskFull { .. } => Some(Topic::DiskFull),
        Fact::DumpFailed { .. } => Some(Topic::DumpFailed),
        Fact::IssueOpened { level, .. } if is_error(level) => Some(Topic::IssueOpened),
        Fact::IssueOpened { .. } => Some(Topic::LesserIssueOpened),
        Fact::IssueRegressed { .. } | Fact::IssueWoken { .. } => Some(Topic::IssueRegressed),
        Fact::IssueSpiking { .. } => Some(Topic::IssueSpiking),
        _ => None,
    }
}

/// A level nobody knows counts as an error: that is what SDKs mean when they send none.
fn is_error(level: &str) -> bool {
    !matches!(level, "warning" | "warn" | "info" | "log" | "debug" | "trace")
}
