//! Statuspage's public JSON (`/api/v2/…`), so that tools made for it work unchanged.
//!
//! Their five component states know no "no data": such a component is sent as operational with `"has_data": false` beside it.

use crate::links::{Links, Target};
use crate::model::maintenance::MaintenanceUpdateView;
use crate::model::snapshot::Indicator;
use crate::model::{
    ComponentState, ComponentView, Effect, MaintenancePhase, MaintenanceView, ReportView, SectionView, Snapshot, UpdateView,
};
use kernel::Time;
use serde_json::{Value, json};

/// The most finished reports and maintenances in a list, as Statuspage gives them.
pub const MOST: usize = 50;

pub struct Api<'a> {
    pub snapshot: &'a Snapshot,
    pub links: &'a Links,
}

impl Api<'_> {
    /// Every document by its path below `api/v2/`, without `.json`.
    pub fn documents(&self) -> Vec<(&'static str, Value)> {
        let reports = &self.snapshot.reports;
        let windows = &self.snapshot.maintenances;
        let (page, status) = (self.page(), self.status());
        let unresolved: Vec<Value> = reports.iter().filter(|report| report.is_open()).map(|report| self.report(report)).collect();
        let all: Vec<Value> = reports.iter().take(MOST).map(|report| self.report(report)).collect();
        let upcoming = self.maintenances(windows.iter().filter(|window| window.is_upcoming()));
        let active = self.maintenances(windows.iter().filter(|window| window.is_running()));
        let ahead = self.maintenances(windows.iter().filter(|window| window.is_upcoming() || window.is_running()));
        let every = self.maintenances(windows.iter().take(MOST));
        vec![
            ("status", json!({ "page": page, "status": status })),
            ("components", json!({ "page": page, "components": self.components() })),
            ("incidents", json!({ "page": page, "incidents": all })),
            ("incidents/unresolved", json!({ "page": page, "incidents": unresolved })),
            ("scheduled-maintenances", json!({ "page": page, "scheduled_maintenances": every })),
            ("scheduled-maintenances/upcoming", json!({ "page": page, "scheduled_maintenances": upcoming })),
            ("scheduled-maintenances/active", json!({ "page": page, "scheduled_maintenances": active })),
            (
                "summary",
                json!({
                    "page": page, "status": status, "components": self.components(),
                    "incidents": unresolved, "scheduled_maintenances": ahead,
                }),
            ),
        ]
    }

    pub fn page(&self) -> Value {
        let look = &self.snapshot.look;
        json!({
            "id": "status", "name": look.name, "url": self.links.absolute(Target::Index), "time_zone": look.zone_name,
            "updated_at": self.snapshot.changed_at.rfc3339_millis(),
        })
    }

    pub fn status(&self) -> Value {
        let banner = self.snapshot.banner();
        let indicator: Indicator = banner.indicator();
        json!({ "indicator": indicator.as_str(), "description": self.snapshot.look.language.banner(banner) })
    }

    fn components(&self) -> Vec<Value> {
        let mut list = Vec::new();
        for section in &self.snapshot.sections {
            if let Some(name) = &section.name {
                list.push(self.group(section, name));
            }
            let group = section.name.as_ref().map(|_| section.public_id.as_str());
            list.extend(section.components.iter().map(|component| self.component(component, group)));
        }
        list
    }

    fn group(&self, section: &SectionView, name: &str) -> Value {
        let worst = section.components.iter().filter_map(|component| component.state).max();
        let ids: Vec<&str> = section.components.iter().map(|component| component.public_id.as_str()).collect();
        json!({
            "id": section.public_id, "name": name, "status": word(worst), "position": section.position, "group": true, "group_id": null,
            "page_id": "status", "description": null, "showcase": false, "start_date": null, "only_show_if_degraded": false,
            "created_at": null, "updated_at": self.snapshot.changed_at.rfc3339_millis(), "components": ids,
        })
    }

    fn component(&self, component: &ComponentView, group: Option<&str>) -> Value {
        json!({
            "id": component.public_id, "name": component.name, "status": word(component.state), "position": component.position,
            "group": false, "group_id": group, "page_id": "status",
            "description": (!component.description.is_empty()).then_some(&component.description),
            "showcase": true, "start_date": self.day(component.created_at), "only_show_if_degraded": false,
            "created_at": component.created_at.rfc3339_millis(), "updated_at": component.updated_at.rfc3339_millis(),
            "has_data": component.state.is_some(),
        })
    }

    pub fn report(&self, report: &ReportView) -> Value {
        let monitoring = report.updates.iter().rev().find(|update| update.phase == crate::model::Phase::Monitoring);
        let updates: Vec<Value> = report.updates.iter().map(|update| self.update(report, update)).collect();
        let named: Vec<Value> = report
            .effects_now()
            .iter()
            .filter_map(|effect| self.snapshot.component(effect.component))
            .map(|it| self.component(it, None))
            .collect();
        json!({
            "id": report.public_id, "name": report.title, "status": report.phase.as_str(), "impact": report.impact.as_str(),
            "shortlink": self.links.absolute(Target::Report(&report.public_id)), "page_id": "status",
            "created_at": report.started_at.rfc3339_millis(), "started_at": report.started_at.rfc3339_millis(),
            "updated_at": report.updated_at.rfc3339_millis(), "monitoring_at": monitoring.map(|update| update.at.rfc3339_millis()),
            "resolved_at": report.resolved_at.map(Time::rfc3339_millis), "incident_updates": updates, "components": named,
        })
    }

    fn update(&self, report: &ReportView, update: &UpdateView) -> Value {
        let affected: Vec<Value> = update.effects.iter().filter_map(|effect| self.affected(effect)).collect();
        let at = update.at.rfc3339_millis();
        json!({
            "id": update.id.to_string(), "incident_id": report.public_id, "status": update.phase.as_str(), "body": update.body,
            "created_at": at, "updated_at": at, "display_at": at,
            "affected_components": if affected.is_empty() { Value::Null } else { Value::Array(affected) },
        })
    }

    fn affected(&self, effect: &Effect) -> Option<Value> {
        let component = self.snapshot.component(effect.component)?;
        Some(json!({ "code": component.public_id, "name": component.name, "old_status": null, "new_status": effect.state.as_str() }))
    }

    fn maintenances<'m>(&self, list: impl Iterator<Item = &'m MaintenanceView>) -> Vec<Value> {
        list.map(|maintenance| self.maintenance(maintenance)).collect()
    }

    pub fn maintenance(&self, maintenance: &MaintenanceView) -> Value {
        let updates: Vec<Value> = maintenance.updates.iter().map(|update| maintenance_update(maintenance, update)).collect();
        let named: Vec<Value> =
            maintenance.components.iter().filter_map(|id| self.snapshot.component(*id)).map(|it| self.component(it, None)).collect();
        json!({
            "id": maintenance.public_id, "name": maintenance.title, "status": maintenance_word(maintenance.phase), "impact": "maintenance",
            "shortlink": self.links.absolute(Target::Maintenance(&maintenance.public_id)), "page_id": "status",
            "created_at": maintenance.updates.last().map_or(maintenance.updated_at, |update| update.at).rfc3339_millis(),
            "updated_at": maintenance.updated_at.rfc3339_millis(), "monitoring_at": null,
            "resolved_at": (maintenance.phase == MaintenancePhase::Completed).then(|| maintenance.updated_at.rfc3339_millis()),
            "started_at": maintenance.starts_at.rfc3339_millis(),
            "scheduled_for": maintenance.starts_at.rfc3339_millis(), "scheduled_until": maintenance.ends_at.rfc3339_millis(),
            "incident_updates": updates, "components": named,
        })
    }

    fn day(&self, at: Time) -> String {
        at.in_zone(&self.snapshot.look.zone).date().to_string()
    }
}

fn maintenance_update(maintenance: &MaintenanceView, update: &MaintenanceUpdateView) -> Value {
    let at = update.at.rfc3339_millis();
    json!({
        "id": update.id.to_string(), "incident_id": maintenance.public_id, "status": maintenance_word(update.phase), "body": update.body,
        "created_at": at, "updated_at": at, "display_at": at, "affected_components": null,
    })
}

/// Statuspage deletes what is cancelled; for its readers such a window is completed.
fn maintenance_word(phase: MaintenancePhase) -> &'static str {
    match phase {
        MaintenancePhase::Cancelled => MaintenancePhase::Completed.as_str(),
        phase => phase.as_str(),
    }
}

fn word(state: Option<ComponentState>) -> &'static str {
    state.unwrap_or(ComponentState::Operational).as_str()
}
