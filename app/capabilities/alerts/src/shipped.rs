//! The rules every instance starts with, as data: the thirteen of the mission, four about monitoring itself, four about copies, one about
//! backups, one about the disk, one about the exported status page, three about issues. All may be edited;
//! a rule whose metric nobody provides yet waits for it.

use std::time::Duration;

use kernel::ids::AlertRuleId;
use kernel::time::{DAY, HOUR, MINUTE};

use crate::channel::ChannelKind::{self, Discord, Email, Slack, Sms};
use crate::rule::{AlertRule, MetricWatch, Nodata, Operator, Source, Target, Topic};
use crate::severity::Severity::{self, Critical, Warning};

/// How many of the [`rules`] are the mission's own list.
pub const THIRTEEN: usize = 13;

struct Shipped {
    key: &'static str,
    name: &'static str,
    source: From,
    severity: Severity,
    channels: &'static [ChannelKind],
    cooldown: Duration,
}

enum From {
    Told(Topic),
    /// Metric, operator, threshold, minutes it must hold, least samples.
    Metric(&'static str, Operator, f64, u64, u64),
}

const AT_ONCE: Duration = Duration::ZERO;

const SHIPPED: [Shipped; 27] = [
    Shipped {
        key: "mrr-drop",
        name: "MRR dropped by more than 5 %",
        source: From::Metric("revenue.mrr_change_percent", Operator::Below, -5.0, 0, 1),
        severity: Critical,
        channels: &[Email, Slack],
        cooldown: HOUR,
    },
    Shipped {
        key: "churn",
        name: "Monthly churn above 5 %",
        source: From::Metric("revenue.churn_percent", Operator::Above, 5.0, 0, 20),
        severity: Warning,
        channels: &[Email, Slack],
        cooldown: DAY,
    },
    Shipped {
        key: "failed-payments",
        name: "More than 3 failed payments",
        source: From::Metric("revenue.failed_payments", Operator::Above, 3.0, 0, 0),
        severity: Warning,
        channels: &[Email],
        cooldown: HOUR,
    },
    Shipped {
        key: "large-cancellation",
        name: "Cancelled subscription worth more than $100 MRR",
        source: From::Metric("revenue.largest_cancellation", Operator::Above, 100.0, 0, 0),
        severity: Critical,
        channels: &[Email, Slack, Sms],
        cooldown: AT_ONCE,
    },
    Shipped {
        key: "api-latency",
        name: "API p95 above 1000 ms",
        source: From::Metric("traces.p95_ms", Operator::Above, 1000.0, 5, 20),
        severity: Warning,
        channels: &[Slack],
        cooldown: Duration::from_secs(15 * 60),
    },
    Shipped {
        key: "error-rate",
        name: "Error rate above 5 %",
        source: From::Metric("traces.failure_rate_percent", Operator::Above, 5.0, 2, 20),
        severity: Critical,
        channels: &[Email, Slack, Sms],
        cooldown: Duration::from_secs(5 * 60),
    },
    Shipped {
        key: "slow-query",
        name: "Database query slower than 5 s",
        source: From::Metric("traces.slowest_query_ms", Operator::Above, 5000.0, 0, 1),
        severity: Warning,
        channels: &[Slack],
        cooldown: Duration::from_secs(30 * 60),
    },
    Shipped {
        key: "down",
        name: "A monitor is down",
        source: From::Told(Topic::MonitorDown),
        severity: Critical,
        channels: &[Email, Slack, Sms, Discord],
        cooldown: Duration::from_secs(5 * 60),
    },
    Shipped {
        key: "database-connections",
        name: "Database connections above 80 %",
        source: From::Metric("traces.database_connections_percent", Operator::Above, 80.0, 2, 0),
        severity: Warning,
        channels: &[Slack],
        cooldown: Duration::from_secs(15 * 60),
    },
    Shipped {
        key: "disk",
        name: "Disk more than 85 % full",
        source: From::Metric("uptime.host_disk_percent", Operator::Above, 85.0, 5, 0),
        severity: Warning,
        channels: &[Email, Slack],
        cooldown: Duration::from_secs(6 * 3_600),
    },
    Shipped {
        key: "memory",
        name: "Memory more than 90 % used",
        source: From::Metric("uptime.host_memory_percent", Operator::Above, 90.0, 5, 0),
        severity: Critical,
        channels: &[Slack, Sms],
        cooldown: Duration::from_secs(15 * 60),
    },
    Shipped {
        key: "inactive",
        name: "More than 30 % of contacts inactive",
        source: From::Metric("engagement.inactive_percent", Operator::Above, 30.0, 0, 20),
        severity: Warning,
        channels: &[Email],
        cooldown: DAY,
    },
    Shipped {
        key: "tickets",
        name: "More than 10 open tickets",
        source: From::Metric("tickets.open", Operator::Above, 10.0, 0, 0),
        severity: Warning,
        channels: &[Slack],
        cooldown: HOUR,
    },
    Shipped {
        key: "degraded",
        name: "A monitor is degraded",
        source: From::Told(Topic::MonitorDegraded),
        severity: Warning,
        // Slow is not down: it is listed, and pages nobody unless the founder names a channel.
        channels: &[],
        cooldown: Duration::from_secs(15 * 60),
    },
    Shipped {
        key: "certificate",
        name: "A certificate ends soon",
        source: From::Told(Topic::CertificateExpiring),
        severity: Warning,
        channels: &[Email, Slack],
        cooldown: AT_ONCE,
    },
    Shipped {
        key: "interrupted",
        name: "Monitoring is interrupted",
        source: From::Told(Topic::MonitoringInterrupted),
        severity: Warning,
        channels: &[Email, Slack],
        cooldown: Duration::from_secs(15 * 60),
    },
    Shipped {
        key: "channel-dead",
        name: "A channel does not deliver",
        source: From::Told(Topic::ChannelDead),
        severity: Warning,
        channels: &[Email, Slack, Discord],
        cooldown: DAY,
    },
    Shipped {
        key: "replica-stale",
        name: "A copy of the database is stale",
        source: From::Told(Topic::ReplicaStale),
        severity: Critical,
        channels: &[Email, Slack, Sms, Discord],
        cooldown: Duration::from_secs(15 * 60),
    },
    Shipped {
        key: "second-instance",
        name: "Another instance writes to the same destination",
        source: From::Told(Topic::LeaseLost),
        severity: Critical,
        channels: &[Email, Slack, Sms, Discord],
        cooldown: Duration::from_secs(15 * 60),
    },
    Shipped {
        key: "spool-failing",
        name: "Nothing can be put aside for the copies",
        source: From::Told(Topic::SpoolFailing),
        severity: Critical,
        channels: &[Email, Slack, Sms, Discord],
        cooldown: Duration::from_secs(15 * 60),
    },
    Shipped {
        key: "drill-failed",
        name: "A copy could not be restored in a drill",
        source: From::Told(Topic::DrillFailed),
        severity: Critical,
        channels: &[Email, Slack],
        cooldown: AT_ONCE,
    },
    Shipped {
        key: "dump",
        name: "A database backup failed or is missing",
        source: From::Told(Topic::DumpFailed),
        severity: Critical,
        channels: &[Email, Slack, Discord],
        cooldown: HOUR,
    },
    Shipped {
        key: "disk-full",
        name: "The disk is full: observations are refused",
        source: From::Told(Topic::DiskFull),
        severity: Critical,
        channels: &[Email, Slack, Sms, Discord],
        cooldown: Duration::from_secs(15 * 60),
    },
    Shipped {
        key: "status-export",
        name: "The exported status page was not renewed for 15 minutes",
        source: From::Metric("status.export_failing_minutes", Operator::Above, 15.0, 0, 0),
        severity: Critical,
        channels: &[Email, Slack],
        cooldown: HOUR,
    },
    Shipped {
        key: "new-issue",
        name: "A new issue",
        source: From::Told(Topic::IssueOpened),
        severity: Warning,
        channels: &[Email, Slack],
        cooldown: AT_ONCE,
    },
    Shipped {
        key: "regression",
        name: "A resolved or ignored issue is back",
        source: From::Told(Topic::IssueRegressed),
        severity: Warning,
        channels: &[Email, Slack],
        cooldown: HOUR,
    },
    Shipped {
        key: "spike",
        name: "An issue has far more events than usual",
        source: From::Told(Topic::IssueSpiking),
        severity: Critical,
        channels: &[Email, Slack, Discord],
        cooldown: HOUR,
    },
];

/// A page of this instance that says what to do.
const RUNBOOK: &str = "/backup/runbook";

/// All shipped rules, as they are seeded.
pub fn rules() -> Vec<AlertRule> {
    SHIPPED.iter().map(rule).collect()
}

fn rule(shipped: &Shipped) -> AlertRule {
    let source = match shipped.source {
        From::Told(topic) => Source::Told(topic),
        From::Metric(metric, operator, threshold, minutes, min_samples) => Source::Metric(MetricWatch {
            metric: metric.to_owned(),
            operator,
            threshold,
            hold: MINUTE * u32::try_from(minutes).unwrap_or(0),
            clear: MINUTE * u32::try_from(minutes).unwrap_or(0),
            min_samples,
            nodata: Nodata::Keep,
        }),
    };
    AlertRule {
        id: AlertRuleId(0),
        key: shipped.key.to_owned(),
        name: shipped.name.to_owned(),
        source,
        only: String::new(),
        severity: shipped.severity,
        cooldown: shipped.cooldown,
        targets: shipped.channels.iter().copied().map(Target::Kind).collect(),
        policy: None,
        runbook: if is_in_runbook(&shipped.source) { RUNBOOK.to_owned() } else { String::new() },
        is_enabled: true,
        is_shipped: true,
    }
}

fn is_in_runbook(source: &From) -> bool {
    use Topic::{DiskFull, DrillFailed, LeaseLost, ReplicaStale, SpoolFailing};
    matches!(source, From::Told(ReplicaStale | LeaseLost | SpoolFailing | DrillFailed | DiskFull))
}
