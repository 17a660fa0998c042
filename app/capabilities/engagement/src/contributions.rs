//! What engagement puts into the pages and answers that belong to all.

use capability::{Diagnosis, Gauge, Hit, House, Keep, Metric, Nav, NavGroup, Reading, Tile};
use db::Reader;
use frontend::Tone;
use kernel::time::DAY;
use kernel::{Result, Role};
use roaring::RoaringBitmap;

use crate::model::Day;
use crate::settings;
use crate::store::{self, ANY};

pub const NAV: &[Nav] = &[Nav { label: "Engagement", path: "/engagement", icon: "engagement", group: NavGroup::Grow, rank: Role::Viewer }];

pub const KEEP: &[Keep] = &[
    Keep { what: "Actions of contacts (see the settings); the days on which they were active stay", days: 396 },
    Keep { what: "Ids of messages, by which one that is sent again is known", days: 30 },
];

pub const METRICS: &[Metric] = &[
    Metric {
        name: "engagement.inactive_rate",
        label: "Contacts who were not here for longer than the dormant limit, of all that ever were",
        unit: "%",
        read: inactive_rate,
    },
    Metric { name: "engagement.active_today", label: "Contacts and visitors who were active today", unit: "people", read: active_today },
];

/// Contacts alone: that most visitors never come again says nothing.
fn inactive_rate(house: &House, r: &Reader<'_>) -> Result<Option<Reading>> {
    let today = settings::calendar(r)?.day_of(house.clock.now());
    let limit = today.plus(-settings::dormant_days(r)?);
    let (all, inactive) = store::contacts_seen(r, limit)?;
    Ok((all > 0).then(|| Reading { value: inactive as f64 * 100.0 / all as f64, samples: all }))
}

fn active_today(house: &House, r: &Reader<'_>) -> Result<Option<Reading>> {
    let today = settings::calendar(r)?.day_of(house.clock.now());
    if store::first_day(r)?.is_none() {
        return Ok(None);
    }
    let active = store::daily(r, ANY, (today, today))?.first().map_or(0, |(_, who)| who.len());
    Ok(Some(Reading { value: active as f64, samples: active }))
}

const SPARK_DAYS: i32 = 14;

pub fn tiles(r: &Reader<'_>) -> Result<Vec<Tile>> {
    let today = settings::calendar(r)?.day_of(r.now);
    let days = store::daily(r, ANY, (today.plus(-29), today))?;
    if days.is_empty() {
        return Ok(Vec::new());
    }
    let since = |first: Day| days.iter().filter(|(day, _)| *day >= first).fold(RoaringBitmap::new(), |all, (_, who)| all | who).len();
    let on = |day: Day| days.iter().find(|(known, _)| *known == day).map_or(0, |(_, who)| who.len());
    Ok(vec![Tile {
        title: "Active today".to_owned(),
        value: on(today).to_string(),
        note: format!("{} in 7 days, {} in 30 days", since(today.plus(-6)), since(today.plus(-29))),
        href: "/engagement".to_owned(),
        tone: Tone::Neutral,
        spark: (0..SPARK_DAYS).rev().map(|ago| on(today.plus(-ago)) as f64).collect(),
    }])
}

pub fn search(r: &Reader<'_>, query: &str) -> Result<Vec<Hit>> {
    if query.trim().chars().count() < 2 {
        return Ok(Vec::new());
    }
    let today = settings::calendar(r)?.day_of(r.now);
    let found = store::find_people(r, query, 5)?;
    Ok(found
        .into_iter()
        .map(|person| Hit {
            kind: "Contact",
            title: person.contact.label(),
            note: format!("last here {}", crate::pages::days_ago(person.last, today)),
            href: format!("/engagement/people/{}", person.contact.id),
        })
        .collect())
}

pub fn gauges(r: &Reader<'_>) -> Result<Vec<Gauge>> {
    let today = settings::calendar(r)?.day_of(r.now);
    let active = store::daily(r, ANY, (today, today))?.first().map_or(0, |(_, who)| who.len());
    let actions = store::counts(r, ANY, (today, today))?.first().map_or(0, |(_, actions)| *actions);
    let gauge = |name, help, value: u64| Gauge { name, help, labels: Vec::new(), value: value as f64 };
    Ok(vec![
        gauge("hermetic_engagement_active_people", "Contacts and visitors who were active today.", active),
        gauge("hermetic_engagement_actions", "Actions of today that make somebody active.", actions),
    ])
}

pub fn diagnose(r: &Reader<'_>) -> Result<Vec<Diagnosis>> {
    let mut found = Vec::new();
    let (is, wanted) = (store::zone(r)?, settings::wanted_zone(r)?);
    if let Some(is) = is.filter(|is| *is != wanted) {
        found.push(Diagnosis {
            tone: Tone::Warn,
            subject: "Days of engagement".to_owned(),
            finding: format!("Days are still counted in {is}; {wanted} was set."),
            advice: "They are counted again within some minutes; nothing is to be done.".to_owned(),
        });
    }
    let passed = store::passed(r, r.now - DAY)?;
    let duplicates = passed.iter().find(|(reason, _)| reason == "duplicate").map_or(0, |(_, actions)| *actions);
    let today = settings::calendar(r)?.day_of(r.now);
    let counted: u64 = store::counts(r, ANY, (today.plus(-1), today))?.iter().map(|(_, actions)| actions).sum();
    if duplicates > 100 && duplicates > counted {
        found.push(Diagnosis {
            tone: Tone::Warn,
            subject: "Actions that are sent again".to_owned(),
            finding: format!("{duplicates} actions of the last day had been sent before; {counted} were counted."),
            advice: "A program gives the same message id to different actions, or sends its queue again and again.".to_owned(),
        });
    }
    Ok(found)
}
