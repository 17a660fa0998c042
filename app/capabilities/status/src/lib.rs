//! The public status page: components, reports, maintenance, subscribers, feeds.
//!
//! - [`model`]: what is shown and decided, pure; [`i18n`]: the page's words
//! - [`site`], [`pages`], [`feeds`]: the public site as files, from one snapshot; [`links`]: where each stands
//! - [`load`]: from tables and feeds to a snapshot; [`publisher`]: the site in memory; [`export`]: the site in a bucket or folder
//! - [`acts`]: what people and programs do; [`jobs`], [`loose`]: what happens by itself; [`follow`], [`send`]: subscribers
//! - [`routes`]: doors of the public, of members, of programs; [`gate`]: the password
//! - [`store`]: SQL; [`settings`]: what an operator decides; [`apply`]: `[[components]]` of a file

mod acts;
mod apply;
pub mod export;
mod feeds;
mod follow;
mod forms;
mod gate;
mod i18n;
mod jobs;
mod links;
mod load;
mod loose;
pub mod model;
mod pages;
mod publisher;
mod routes;
mod send;
mod settings;
mod site;
mod store;
#[cfg(test)]
mod tests;

use crate::export::outcome::Outcome;
use crate::model::report::Visibility;
use crate::model::subscriber::SubscriberState;
use crate::store::{components, exports, maintenances, reports, subscribers};
use capability::{
    Apply, Capability, Cx, Diagnosis, Gauge, Hit, House, Keep, Metric, Nav, NavGroup, Reading, Routes, Section, Tasks, Tile, Work,
};
use db::{Migration, Reader};
use frontend::Tone;
use kernel::{Result, Role};

pub struct Status;

const MIGRATIONS: &[Migration] = &[
    Migration { number: 1, name: "status", sql: include_str!("../migrations/0001_status.sql") },
    Migration { number: 2, name: "loose", sql: include_str!("../migrations/0002_loose.sql") },
    Migration { number: 3, name: "exports", sql: include_str!("../migrations/0003_exports.sql") },
    Migration { number: 4, name: "lost", sql: include_str!("../migrations/0004_lost.sql") },
];
const NAV: &[Nav] = &[Nav { label: "Status page", path: "/status/edit", icon: "status", group: NavGroup::Watch, rank: Role::Viewer }];
const KEEP: &[Keep] = &[
    Keep { what: "Reports on the public page", days: load::REPORT_DAYS },
    Keep { what: "Unsubscribed people's links", days: jobs::LEFT_DAYS },
];

/// Puts the public page into memory once: for an instance whose log is still being restored.
pub async fn publish_once(cx: &Cx) {
    publisher::Publisher::default().publish_once(cx).await;
}

const METRICS: &[Metric] = &[Metric {
    name: "status.export_failing_minutes",
    label: "For how long the status page could not be exported",
    unit: "minutes",
    read: |_, r| {
        // Without an export none fails: an alert about a former one ends.
        let failing = failing_export(r)?;
        let minutes = failing.map_or(0.0, |(since, _)| r.now.since(since).as_secs_f64() / 60.0);
        Ok(Some(Reading { value: minutes, samples: 1 }))
    },
}];

impl Capability for Status {
    fn name(&self) -> &'static str {
        "status"
    }

    fn migrations(&self) -> &'static [Migration] {
        MIGRATIONS
    }

    fn routes(&self, routes: &mut Routes) {
        routes::mount(routes);
    }

    fn work(&self, work: &mut Work) {
        jobs::wire(work);
    }

    fn start(&self, cx: &Cx, tasks: &mut Tasks) {
        tasks.once("status.followers", follow::mend(cx.clone()));
        tasks.spawn("status.publisher", publisher::run(cx.clone(), tasks.shutdown()));
        tasks.spawn("status.exporter", export::run(cx.clone(), tasks.shutdown()));
    }

    fn settings(&self) -> Option<Section> {
        Some(settings::SECTION)
    }

    fn nav(&self) -> &'static [Nav] {
        NAV
    }

    fn tiles(&self, r: &Reader<'_>) -> Result<Vec<Tile>> {
        let open = reports::list_open(r)?;
        let drafts = open.iter().filter(|row| row.visibility == Visibility::Draft).count();
        let told = open.len() - drafts;
        let (value, tone) = match (told, drafts) {
            (0, 0) => ("No open report".to_owned(), Tone::Good),
            (0, _) => (format!("{drafts} to publish"), Tone::Warn),
            (told, _) => (format!("{told} open"), Tone::Bad),
        };
        let subscribers = subscribers::count_by_state(r, SubscriberState::Active)?;
        if failing_export(r)?.is_some() {
            let note = "Its copy elsewhere is not renewed.".to_owned();
            let href = "/status/edit/appearance#export".to_owned();
            return Ok(vec![Tile { title: "Status page".to_owned(), value, note, href, tone: Tone::Bad, spark: Vec::new() }]);
        }
        let note = match components::count_components(r)? {
            0 => "Add components, so that visitors see something.".to_owned(),
            count => format!("{count} components, {subscribers} subscribers"),
        };
        Ok(vec![Tile { title: "Status page".to_owned(), value, note, href: "/status/edit".to_owned(), tone, spark: Vec::new() }])
    }

    fn search(&self, r: &Reader<'_>, query: &str) -> Result<Vec<Hit>> {
        let escaped = query.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        let found = reports::search(r, &format!("%{escaped}%"))?.into_iter().map(|(id, title, phase)| Hit {
            kind: "Report",
            title,
            note: phase.as_str().to_owned(),
            href: format!("/status/edit/reports/{id}"),
        });
        let mut hits: Vec<Hit> = found.collect();
        let wanted = query.to_lowercase();
        let named = components::list_components(r)?.into_iter().filter(|row| row.name.to_lowercase().contains(&wanted)).take(5);
        hits.extend(named.map(|row| Hit {
            kind: "Component",
            title: row.name,
            note: row.description,
            href: format!("/status/edit/components/{}", row.id),
        }));
        Ok(hits)
    }

    fn gauges(&self, _: &House, r: &Reader<'_>) -> Result<Vec<Gauge>> {
        let mut gauges = Vec::new();
        for state in [SubscriberState::Active, SubscriberState::Pending] {
            gauges.push(Gauge {
                name: "hermetic_status_subscribers",
                help: "Subscribers of the status page by state.",
                labels: vec![("state", state.as_str().to_owned())],
                value: as_float(subscribers::count_by_state(r, state)?),
            });
        }
        let open = i64::try_from(reports::list_open(r)?.len()).unwrap_or(0);
        gauges.push(Gauge {
            name: "hermetic_status_open_reports",
            help: "Reports that are not resolved, drafts included.",
            labels: Vec::new(),
            value: as_float(open),
        });
        Ok(gauges)
    }

    fn metrics(&self) -> &'static [Metric] {
        METRICS
    }

    fn keep(&self) -> &'static [Keep] {
        KEEP
    }

    fn apply(&self) -> &'static [&'static dyn Apply] {
        &[&apply::Components]
    }

    fn diagnose(&self, r: &Reader<'_>) -> Result<Vec<Diagnosis>> {
        let mut findings = Vec::new();
        let mut tell = |tone, finding: &str, advice: &str| {
            findings.push(Diagnosis { tone, subject: "Status page".to_owned(), finding: finding.to_owned(), advice: advice.to_owned() });
        };
        if components::count_components(r)? == 0 {
            tell(Tone::Info, "It shows no components.", "Add one under Status page, Components.");
        }
        for row in components::list_components(r)?.iter().filter(|row| row.loose_at.is_some()) {
            let finding = format!("“{}” follows nothing any more: its monitors are gone, and visitors do not see it.", row.name);
            tell(Tone::Warn, &finding, "Choose a monitor for it, set it by hand, or delete it under Components.");
        }
        let look = settings::look(r)?;
        if look.takes_subscribers && !look.takes_mail {
            match subscribers::count_active_by_mail(r)? {
                0 => tell(Tone::Info, "Visitors cannot subscribe by mail until a way to send mail is chosen.", ""),
                _ => tell(
                    Tone::Warn,
                    "It has subscribers by mail and no way to send mail: they hear nothing.",
                    "Choose how to send mail under Settings, Mail.",
                ),
            }
        }
        let unsigned = subscribers::count_lost(r)?;
        if unsigned > 0 {
            let finding =
                format!("Webhooks of {unsigned} subscribers are told nothing: what signed was sealed with a key file that is gone.");
            tell(Tone::Warn, &finding, "Ask whoever runs them to subscribe again on the page.");
        }
        let is_late = maintenances::list_ahead(r)?.iter().any(|row| row.view.ends_at + jobs::LATE < r.now);
        if is_late {
            tell(Tone::Warn, "A maintenance should have ended and has not.", "See under Jobs whether work is being done.");
        }
        for left in exports::list_left(r)? {
            let finding = format!("What was exported to {} still stands there: {}", left.place, left.failure);
            tell(Tone::Warn, &finding, "Remove it by hand, then see Status page, Appearance: “Forget it”.");
        }
        if let Some((since, failure)) = failing_export(r)? {
            let finding = format!("It could not be exported since {}: {failure}", since.rfc3339());
            tell(Tone::Bad, &finding, "Mend it, then see Status page, Appearance: “Try it now”.");
        } else if !settings::export_address(r)?.is_empty() && settings::is_protected(r)? {
            tell(Tone::Warn, "It is not exported, because it has a password.", "Remove the password or the place of the export.");
        }
        Ok(findings)
    }
}

/// What became of the last export to the place that is configured now.
fn present_export(r: &Reader<'_>) -> Result<Option<Outcome>> {
    let address = settings::export_address(r)?;
    Ok(exports::find(r)?.filter(|outcome| !address.is_empty() && outcome.place == address))
}

fn failing_export(r: &Reader<'_>) -> Result<Option<(kernel::Time, String)>> {
    Ok(present_export(r)?.and_then(|outcome| Some((outcome.failing_since?, outcome.failure))))
}

fn as_float(count: i64) -> f64 {
    i32::try_from(count).map_or(f64::MAX, f64::from)
}
