//! Announced windows: scheduled, in progress, completed, each step taken on time by the schedule or by hand before it.
//!
//! Nouns: [`MaintenancePhase`], [`MaintenanceView`], [`Step`].

use super::words::words;
use kernel::ids::ComponentId;
use kernel::{Error, Result, Time};
use std::time::Duration;

/// Longer than this is a typing error in a date, not a plan.
pub const LONGEST: Duration = Duration::from_secs(30 * 86_400);

words! {
    MaintenancePhase, "A maintenance's phase", {
        Scheduled = "scheduled",
        InProgress = "in_progress",
        Completed = "completed",
        Cancelled = "cancelled",
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaintenanceUpdateView {
    pub id: i64,
    pub phase: MaintenancePhase,
    pub body: String,
    pub at: Time,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaintenanceView {
    pub public_id: String,
    pub title: String,
    pub phase: MaintenancePhase,
    pub starts_at: Time,
    pub ends_at: Time,
    pub updated_at: Time,
    pub components: Vec<ComponentId>,
    /// Newest first.
    pub updates: Vec<MaintenanceUpdateView>,
}

/// What the schedule has to do with a maintenance at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Start,
    Complete,
}

/// A window that passed wholly while Hermetic was off is completed at once, not started first.
pub fn due_step(phase: MaintenancePhase, starts_at: Time, ends_at: Time, now: Time) -> Option<Step> {
    match phase {
        MaintenancePhase::Scheduled | MaintenancePhase::InProgress if now >= ends_at => Some(Step::Complete),
        MaintenancePhase::Scheduled if now >= starts_at => Some(Step::Start),
        _ => None,
    }
}

pub fn checked_window(starts_at: Time, ends_at: Time, now: Time) -> Result<()> {
    if ends_at <= starts_at {
        return Err(Error::field("ends_at", "Please let the maintenance end after it starts."));
    }
    if ends_at <= now {
        return Err(Error::field("ends_at", "This window is over already; please choose one that still lies ahead."));
    }
    if ends_at.since(starts_at) > LONGEST {
        return Err(Error::field("ends_at", "A maintenance lasts at most 30 days; please check the dates."));
    }
    Ok(())
}

impl MaintenanceView {
    pub fn is_running(&self) -> bool {
        self.phase == MaintenancePhase::InProgress
    }

    pub fn is_upcoming(&self) -> bool {
        self.phase == MaintenancePhase::Scheduled
    }

    pub fn covers(&self, component: ComponentId) -> bool {
        self.components.contains(&component)
    }
}
