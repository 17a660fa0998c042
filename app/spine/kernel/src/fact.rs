//! What happened inside Hermetic, in the past tense. A fact is a row written in the transaction that caused it
//! (`work::record`) and fanned out by cursor into durable jobs (reactions). A closed list: whoever adds a variant
//! announces something new to every capability.

use serde::{Deserialize, Serialize};

use crate::Time;
use crate::ids::{DeliveryId, DrillId, DumpId, IssueId, MaintenanceId, MonitorId, OutageId, ProjectId, ReportId};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    /// A monitor was confirmed down. `down_since` is the first failing check, `reason` a stable code, `detail` a sentence.
    MonitorDown {
        monitor: MonitorId,
        name: String,
        target: String,
        outage: OutageId,
        down_since: Time,
        detected_at: Time,
        reason: String,
        detail: String,
    },
    /// An outage ended. `recovered_at` is the first good check.
    MonitorRecovered {
        monitor: MonitorId,
        name: String,
        target: String,
        outage: OutageId,
        down_since: Time,
        recovered_at: Time,
    },
    /// Answers, but slower or less well than asked.
    MonitorDegraded {
        monitor: MonitorId,
        name: String,
        target: String,
        since: Time,
        detail: String,
    },
    /// Degraded no longer (it is up again, or went down, which is told by its own fact).
    MonitorRestored {
        monitor: MonitorId,
        name: String,
        target: String,
        degraded_since: Time,
        restored_at: Time,
    },
    /// Changes state so often that single notices are withheld until it is stable.
    MonitorFlapping {
        monitor: MonitorId,
        name: String,
        target: String,
        transitions: u32,
        since: Time,
    },
    /// Was flapping and has been stable for the set time; `is_down` tells in which state.
    MonitorSettled {
        monitor: MonitorId,
        name: String,
        target: String,
        is_down: bool,
    },
    /// The certificate ends soon. Sent once per threshold of `days_left`.
    CertificateExpiring {
        monitor: MonitorId,
        name: String,
        target: String,
        not_after: Time,
        days_left: i64,
    },
    /// A certificate that was about to end has been replaced by one that ends later.
    CertificateRenewed {
        monitor: MonitorId,
        name: String,
        target: String,
        not_after: Time,
        renewed_at: Time,
    },
    /// A monitor is gone or paused, or looks at another place: whatever is open about it ends.
    MonitorSilenced {
        monitor: MonitorId,
        name: String,
    },
    /// Hermetic itself cannot see out (no way to the network, or it was suspended): nothing was judged meanwhile.
    MonitoringInterrupted {
        vantage: String,
        since: Time,
        detail: String,
    },
    MonitoringResumed {
        vantage: String,
        since: Time,
        resumed_at: Time,
    },
    /// A public report was published or got an update.
    ReportPublished {
        report: ReportId,
    },
    /// A public maintenance was announced, changed or moved; covers these monitors while it runs.
    MaintenanceAnnounced {
        maintenance: MaintenanceId,
        title: String,
        monitors: Vec<MonitorId>,
        starts_at: Time,
        ends_at: Time,
    },
    /// It will not take place, or it ended before its time.
    MaintenanceEnded {
        maintenance: MaintenanceId,
        ended_at: Time,
    },
    /// A notification was given up after its last try.
    DeliveryDied {
        delivery: DeliveryId,
        destination: String,
        reason: String,
    },
    /// The copy of a file at a destination does not follow any more. The file itself is written as ever.
    ReplicaStale {
        file: String,
        destination: String,
        since: Time,
        detail: String,
    },
    /// The copy follows again, whether it was stale or held by another instance.
    ReplicaCaughtUp {
        file: String,
        destination: String,
        since: Time,
        caught_up_at: Time,
    },
    /// The destination is not configured any more: whatever is open about this copy ends.
    ReplicaRemoved {
        file: String,
        destination: String,
        removed_at: Time,
    },
    /// Another instance writes to this destination: one of the two must go.
    LeaseLost {
        file: String,
        destination: String,
        since: Time,
        detail: String,
    },
    /// What is committed cannot be put aside for the copies: the disk is full, mostly.
    SpoolFailing {
        file: String,
        since: Time,
        detail: String,
    },
    SpoolRecovered {
        file: String,
        since: Time,
        recovered_at: Time,
    },
    /// A copy was restored and is not what it should be, or could not be restored.
    DrillFailed {
        drill: DrillId,
        file: String,
        destination: String,
        at: Time,
        detail: String,
    },
    DrillPassed {
        drill: DrillId,
        file: String,
        destination: String,
        at: Time,
    },
    /// So little of the disk is free that observations are refused; what a person does is still stored.
    DiskFull {
        free_bytes: u64,
        since: Time,
        detail: String,
    },
    DiskHasRoom {
        since: Time,
        recovered_at: Time,
    },
    /// A backup of the founder's own database failed or did not end in time. `since`: the run's start, or when it was due;
    /// `reason` is `failed` or `missed`, `detail` a sentence.
    DumpFailed {
        dump: DumpId,
        name: String,
        place: String,
        since: Time,
        reason: String,
        detail: String,
    },
    /// There is a good one again; or nobody waits for one any more, which `by` then says.
    DumpRecovered {
        dump: DumpId,
        name: String,
        recovered_at: Time,
        by: String,
    },
    /// A problem was seen for the first time.
    IssueOpened {
        issue: IssueId,
        project: ProjectId,
        project_name: String,
        title: String,
        culprit: String,
        level: String,
        release: String,
        environment: String,
        at: Time,
    },
    /// A problem that was resolved is back.
    IssueRegressed {
        issue: IssueId,
        project: ProjectId,
        project_name: String,
        title: String,
        culprit: String,
        level: String,
        release: String,
        environment: String,
        at: Time,
    },
    /// A problem that was ignored for a time, a number of events or of users is back, as agreed.
    IssueWoken {
        issue: IssueId,
        project: ProjectId,
        project_name: String,
        title: String,
        culprit: String,
        level: String,
        release: String,
        environment: String,
        /// A sentence: which of these it was.
        reason: String,
        at: Time,
    },
    /// Far more events than this issue usually has.
    IssueSpiking {
        issue: IssueId,
        project: ProjectId,
        project_name: String,
        title: String,
        /// In the hour that ended at `at`.
        events: u64,
        usual_per_hour: f64,
        at: Time,
    },
    /// It was spiking and is back to what it usually has.
    IssueCalmed {
        issue: IssueId,
        project: ProjectId,
        title: String,
        at: Time,
    },
    /// Resolved, ignored, merged into another or deleted, as `state` says: whatever is open about it ends.
    IssueClosed {
        issue: IssueId,
        project: ProjectId,
        title: String,
        state: String,
        at: Time,
    },
    /// Source maps or debug files came in: frames that could not be read before may be readable now.
    ArtifactsAdded {
        project: ProjectId,
        debug_ids: Vec<String>,
        /// Empty where the files belong to no release.
        release: String,
        at: Time,
    },
}

impl Fact {
    /// Every kind, as stored in `work_facts.kind` and named by a reaction.
    pub const KINDS: [&'static str; 34] = [
        "monitor_down",
        "monitor_recovered",
        "monitor_degraded",
        "monitor_restored",
        "monitor_flapping",
        "monitor_settled",
        "certificate_expiring",
        "certificate_renewed",
        "monitor_silenced",
        "monitoring_interrupted",
        "monitoring_resumed",
        "report_published",
        "maintenance_announced",
        "maintenance_ended",
        "delivery_died",
        "replica_stale",
        "replica_caught_up",
        "replica_removed",
        "lease_lost",
        "spool_failing",
        "spool_recovered",
        "drill_failed",
        "drill_passed",
        "disk_full",
        "disk_has_room",
        "dump_failed",
        "dump_recovered",
        "issue_opened",
        "issue_regressed",
        "issue_woken",
        "issue_spiking",
        "issue_calmed",
        "issue_closed",
        "artifacts_added",
    ];

    pub fn kind(&self) -> &'static str {
        match self {
            Fact::MonitorDown { .. } => "monitor_down",
            Fact::MonitorRecovered { .. } => "monitor_recovered",
            Fact::MonitorDegraded { .. } => "monitor_degraded",
            Fact::MonitorRestored { .. } => "monitor_restored",
            Fact::MonitorFlapping { .. } => "monitor_flapping",
            Fact::MonitorSettled { .. } => "monitor_settled",
            Fact::CertificateExpiring { .. } => "certificate_expiring",
            Fact::CertificateRenewed { .. } => "certificate_renewed",
            Fact::MonitorSilenced { .. } => "monitor_silenced",
            Fact::MonitoringInterrupted { .. } => "monitoring_interrupted",
            Fact::MonitoringResumed { .. } => "monitoring_resumed",
            Fact::ReportPublished { .. } => "report_published",
            Fact::MaintenanceAnnounced { .. } => "maintenance_announced",
            Fact::MaintenanceEnded { .. } => "maintenance_ended",
            Fact::DeliveryDied { .. } => "delivery_died",
            Fact::ReplicaStale { .. } => "replica_stale",
            Fact::ReplicaCaughtUp { .. } => "replica_caught_up",
            Fact::ReplicaRemoved { .. } => "replica_removed",
            Fact::LeaseLost { .. } => "lease_lost",
            Fact::SpoolFailing { .. } => "spool_failing",
            Fact::SpoolRecovered { .. } => "spool_recovered",
            Fact::DrillFailed { .. } => "drill_failed",
            Fact::DrillPassed { .. } => "drill_passed",
            Fact::DiskFull { .. } => "disk_full",
            Fact::DiskHasRoom { .. } => "disk_has_room",
            Fact::DumpFailed { .. } => "dump_failed",
            Fact::DumpRecovered { .. } => "dump_recovered",
            Fact::IssueOpened { .. } => "issue_opened",
            Fact::IssueRegressed { .. } => "issue_regressed",
            Fact::IssueWoken { .. } => "issue_woken",
            Fact::IssueSpiking { .. } => "issue_spiking",
            Fact::IssueCalmed { .. } => "issue_calmed",
            Fact::IssueClosed { .. } => "issue_closed",
            Fact::ArtifactsAdded { .. } => "artifacts_added",
        }
    }
}
