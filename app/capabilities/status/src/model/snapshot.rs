//! Everything a public page shows, as one value. It has no field that could hold an address of a monitor, a header, an error
//! text or a secret: what is not here cannot leak.
//!
//! Nouns: [`Snapshot`], [`SectionView`], [`ComponentView`], [`Banner`], [`Indicator`].

use super::bars::{Day, Uptime};
use super::component::ComponentState;
use super::look::Look;
use super::maintenance::MaintenanceView;
use super::report::{Impact, ReportView};
use jiff::civil::Date;
use kernel::Time;
use kernel::ids::ComponentId;
use std::time::Duration;

/// How far ahead a maintenance is shown on the first page.
pub const AHEAD: Duration = Duration::from_secs(7 * 86_400);
/// Days of finished reports on the first page.
pub const PAST_DAYS: i64 = 14;

#[derive(Debug, Clone)]
pub struct Snapshot {
    pub look: Look,
    pub generated_at: Time,
    /// The last change of anything told here; feeds carry it, so that they stay byte-equal while nothing happens.
    pub changed_at: Time,
    pub sections: Vec<SectionView>,
    /// Published ones only, newest first.
    pub reports: Vec<ReportView>,
    /// By start, newest first.
    pub maintenances: Vec<MaintenanceView>,
}

/// Components under one heading; `name` is `None` for those without a group.
#[derive(Debug, Clone, PartialEq)]
pub struct SectionView {
    pub public_id: String,
    pub name: Option<String>,
    pub position: i64,
    pub components: Vec<ComponentView>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ComponentView {
    pub id: ComponentId,
    pub public_id: String,
    pub name: String,
    pub description: String,
    pub position: i64,
    pub created_at: Time,
    pub updated_at: Time,
    /// `None`: nothing is known.
    pub state: Option<ComponentState>,
    pub days: Vec<Day>,
    /// Over 24 hours, 7, 30 and 90 days.
    pub uptime: [Uptime; 4],
    pub responses: Vec<Response>,
}

/// Response time of an interval that starts at `at`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Response {
    pub at: Time,
    pub p50_ms: f64,
    pub p95_ms: f64,
}

/// The one sentence on top.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Banner {
    /// No component is on the page yet.
    Empty,
    AllOperational,
    NoData,
    UnderMaintenance,
    Degraded,
    PartialOutage,
    MajorOutage,
}

super::words::words! {
    /// Statuspage's word for the whole page.
    Indicator, "An indicator", {
        None = "none",
        Maintenance = "maintenance",
        Minor = "minor",
        Major = "major",
        Critical = "critical",
    }
}

impl Banner {
    pub fn indicator(self) -> Indicator {
        match self {
            Banner::Empty | Banner::AllOperational | Banner::NoData => Indicator::None,
            Banner::UnderMaintenance => Indicator::Maintenance,
            Banner::Degraded => Indicator::Minor,
            Banner::PartialOutage => Indicator::Major,
            Banner::MajorOutage => Indicator::Critical,
        }
    }
}

impl Snapshot {
    pub fn components(&self) -> impl Iterator<Item = &ComponentView> {
        self.sections.iter().flat_map(|section| &section.components)
    }

    pub fn component(&self, id: ComponentId) -> Option<&ComponentView> {
        self.components().find(|component| component.id == id)
    }

    pub fn open_reports(&self) -> impl Iterator<Item = &ReportView> {
        self.reports.iter().filter(|report| report.is_open())
    }

    pub fn running_maintenances(&self) -> impl Iterator<Item = &MaintenanceView> {
        self.maintenances.iter().filter(|maintenance| maintenance.is_running())
    }

    /// Soonest first.
    pub fn upcoming_maintenances(&self) -> impl Iterator<Item = &MaintenanceView> {
        self.maintenances.iter().rev().filter(|maintenance| maintenance.is_upcoming())
    }

    /// An outage is told before a maintenance elsewhere; a maintenance before mere slowness.
    pub fn banner(&self) -> Banner {
        let states: Vec<Option<ComponentState>> = self.components().map(|component| component.state).collect();
        let count = |wanted: ComponentState| states.iter().filter(|state| **state == Some(wanted)).count();
        let major = count(ComponentState::MajorOutage);
        let judged = states.iter().flatten().count() - count(ComponentState::UnderMaintenance);
        let reported = self.open_reports().map(|report| report.impact).max().unwrap_or(Impact::None);
        let maintained = count(ComponentState::UnderMaintenance) > 0 || self.running_maintenances().next().is_some();
        if reported == Impact::Critical || (major > 0 && major == judged) {
            Banner::MajorOutage
        } else if reported == Impact::Major || major + count(ComponentState::PartialOutage) > 0 {
            Banner::PartialOutage
        } else if maintained {
            Banner::UnderMaintenance
        } else if reported == Impact::Minor || count(ComponentState::DegradedPerformance) > 0 {
            Banner::Degraded
        } else if states.is_empty() {
            Banner::Empty
        } else if states.iter().all(Option::is_none) {
            Banner::NoData
        } else {
            Banner::AllOperational
        }
    }

    /// Reports that started on the day, in the page's zone.
    pub fn reports_of_day(&self, date: Date) -> impl Iterator<Item = &ReportView> {
        self.reports.iter().filter(move |report| report.started_at.in_zone(&self.look.zone).date() == date)
    }

    /// Months with a report or maintenance, newest first, always with the current one: `(year, month)`.
    pub fn months(&self) -> Vec<(i16, i8)> {
        let month = |time: Time| {
            let date = time.in_zone(&self.look.zone).date();
            (date.year(), date.month())
        };
        let told = self.maintenances.iter().filter(|maintenance| maintenance.starts_at <= self.generated_at);
        let mut months: Vec<_> = self.reports.iter().map(|report| month(report.started_at)).collect();
        months.extend(told.map(|maintenance| month(maintenance.starts_at)));
        months.push(month(self.generated_at));
        months.sort_unstable();
        months.dedup();
        months.reverse();
        months
    }
}
