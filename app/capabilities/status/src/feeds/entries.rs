//! Reports and maintenances as entries of a feed: newest change first, an id that never changes, a date that moves with each update.

use crate::links::{Links, Target};
use crate::model::{MaintenanceView, ReportView, Snapshot};
use crate::pages::public::prose;
use kernel::Time;

/// The most entries a feed carries.
pub const MOST: usize = 50;

pub struct Entry {
    /// `urn:hermetic:report:…`: the same on the served page and in the exported folder.
    pub id: String,
    pub title: String,
    pub link: String,
    pub published_at: Time,
    pub updated_at: Time,
    /// Safe HTML.
    pub html: String,
    /// The latest update without markup.
    pub text: String,
}

pub fn entries(snapshot: &Snapshot, links: &Links) -> Vec<Entry> {
    let mut all: Vec<Entry> = snapshot.reports.iter().take(MOST).map(|report| report_entry(snapshot, links, report)).collect();
    all.extend(snapshot.maintenances.iter().take(MOST).map(|maintenance| maintenance_entry(snapshot, links, maintenance)));
    all.sort_by_key(|entry| std::cmp::Reverse(entry.updated_at));
    all.truncate(MOST);
    all
}

pub fn title(snapshot: &Snapshot) -> String {
    format!("{} – {}", snapshot.look.name, snapshot.look.language.texts().status)
}

fn report_entry(snapshot: &Snapshot, links: &Links, report: &ReportView) -> Entry {
    let (language, zone) = (snapshot.look.language, &snapshot.look.zone);
    let html = report.updates.iter().map(|update| {
        let head = format!("{} – {}", language.phase(update.phase), language.moment(update.at, zone));
        prose::titled_html(&head, &update.body)
    });
    Entry {
        id: format!("urn:hermetic:report:{}", report.public_id),
        title: format!("{}: {}", language.phase(report.phase), report.title),
        link: links.absolute(Target::Report(&report.public_id)),
        published_at: report.started_at,
        updated_at: report.updated_at,
        html: html.collect(),
        text: report.updates.first().map(|update| crate::model::prose::one_line(&update.body, 500)).unwrap_or_default(),
    }
}

fn maintenance_entry(snapshot: &Snapshot, links: &Links, maintenance: &MaintenanceView) -> Entry {
    let (language, zone) = (snapshot.look.language, &snapshot.look.zone);
    let window = format!("{} – {}", language.moment(maintenance.starts_at, zone), language.moment(maintenance.ends_at, zone));
    let html = maintenance.updates.iter().map(|update| {
        let head = format!("{} – {}", language.maintenance_phase(update.phase), language.moment(update.at, zone));
        prose::titled_html(&head, &update.body)
    });
    Entry {
        id: format!("urn:hermetic:maintenance:{}", maintenance.public_id),
        title: format!("{}: {}", language.maintenance_phase(maintenance.phase), maintenance.title),
        link: links.absolute(Target::Maintenance(&maintenance.public_id)),
        published_at: maintenance.updates.last().map_or(maintenance.updated_at, |update| update.at),
        updated_at: maintenance.updated_at,
        html: prose::titled_html(&window, "") + &html.collect::<String>(),
        text: window,
    }
}
