//! What the console's forms send, and how it becomes values; wrong fields are told together.

use crate::acts::{NewReport, NewUpdate};
use crate::model::{ComponentState, Effect, FeedRule};
use crate::store::components::ComponentWrite;
use crate::store::maintenances::MaintenanceWrite;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use kernel::error::FieldErrors;
use kernel::ids::ComponentId;
use kernel::{Error, Result, Time};
use serde::Deserialize;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ComponentForm {
    pub name: String,
    pub description: String,
    pub group: String,
    pub rule: String,
    pub feeds: Vec<String>,
}

impl ComponentForm {
    pub fn write(&self) -> Result<ComponentWrite> {
        Ok(ComponentWrite {
            name: self.name.clone(),
            description: self.description.clone(),
            group_id: self.group.parse().ok(),
            rule: if self.rule.is_empty() {
                FeedRule::WorstOf
            } else {
                self.rule.parse().map_err(|error: Error| Error::field("rule", error.message()))?
            },
            feeds: self.feeds.clone(),
        })
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ReportForm {
    pub title: String,
    pub impact: String,
    pub phase: String,
    pub body: String,
    /// `3:major_outage`, once per component; empty where nothing is said.
    pub effect: Vec<String>,
    pub counts_as_downtime: Option<String>,
    pub is_quiet: Option<String>,
    /// The button that was pressed: `publish` or `draft`.
    pub then: String,
}

impl ReportForm {
    pub fn new_report(&self) -> Result<NewReport> {
        let mut errors = FieldErrors::default();
        let impact = errors.take("impact", self.impact.parse());
        let phase = errors.take("phase", self.phase.parse());
        let effects = errors.take("effect", effects(&self.effect));
        errors.finish()?;
        let (Some(impact), Some(phase), Some(effects)) = (impact, phase, effects) else {
            return Err(Error::invalid("Please check the form."));
        };
        Ok(NewReport {
            title: self.title.clone(),
            impact,
            phase,
            body: self.body.clone(),
            effects,
            is_draft: self.then == "draft",
            is_quiet: self.is_quiet.is_some(),
            counts_as_downtime: self.counts_as_downtime.is_some(),
            started_at: None,
        })
    }

    pub fn new_update(&self) -> Result<NewUpdate> {
        let phase = self.phase.parse().map_err(|error: Error| Error::field("phase", error.message()))?;
        let impact = if self.impact.is_empty() { None } else { Some(self.impact.parse()?) };
        Ok(NewUpdate { phase, impact, body: self.body.clone(), effects: effects(&self.effect)?, is_quiet: self.is_quiet.is_some() })
    }
}

fn effects(said: &[String]) -> Result<Vec<Effect>> {
    let wrong = || Error::field("effect", "Please choose a state for each component from the list.");
    let read = |text: &String| {
        let (id, state) = text.split_once(':').ok_or_else(wrong)?;
        let component = id.parse::<ComponentId>().map_err(|_| wrong())?;
        Ok(Effect { component, state: state.parse::<ComponentState>().map_err(|_| wrong())? })
    };
    said.iter().filter(|text| !text.is_empty()).map(read).collect()
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct MaintenanceForm {
    pub title: String,
    pub body: String,
    pub starts_at: String,
    pub ends_at: String,
    pub components: Vec<String>,
}

impl MaintenanceForm {
    /// Dates are those of the page's zone.
    pub fn write(&self, zone: &TimeZone) -> Result<MaintenanceWrite> {
        let mut errors = FieldErrors::default();
        let starts_at = errors.take("starts_at", moment(&self.starts_at, zone));
        let ends_at = errors.take("ends_at", moment(&self.ends_at, zone));
        errors.finish()?;
        let (Some(starts_at), Some(ends_at)) = (starts_at, ends_at) else { return Err(Error::invalid("Please check the dates.")) };
        let components = self.components.iter().filter_map(|id| id.parse().ok()).collect();
        Ok(MaintenanceWrite { title: self.title.clone(), starts_at, ends_at, components })
    }
}

/// `2026-11-25T14:30`. A time that a clock change skips is moved behind it; one that comes twice is the first.
pub fn moment(text: &str, zone: &TimeZone) -> Result<Time> {
    let wrong = || Error::invalid("Please give a date and a time, such as 2026-11-25T14:30.");
    let civil: DateTime = text.trim().parse().map_err(|_| wrong())?;
    let zoned = zone.to_ambiguous_zoned(civil).compatible().map_err(|_| wrong())?;
    Ok(Time::from(zoned.timestamp()))
}

/// The same back, for the form.
pub fn civil(at: Time, zone: &TimeZone) -> String {
    at.in_zone(zone).strftime("%Y-%m-%dT%H:%M").to_string()
}
