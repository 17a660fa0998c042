//! What engagement puts into the pages and answers that belong to all.

use capability::{Diagnosis, Gauge, Hit, House, Keep, Metric, Nav, NavGroup, Reading, Tile};
use db::Reader;
use frontend::Tone;
use kernel::time::DAY;
use kernel::{Result, Role};

use crate::model::active;
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
    let active = store::daily(r, ANY, (today, today))?.union((today, today)).len();
    Ok(Some(Reading { value: active as f64, samples: active }))
}

const SPARK_DAYS: i32 = 14;

pub fn tiles(r: &Reader<'_>) -> Result<Vec<Tile>> {
    let today = settings::calendar(r)?.day_of(r.now);
    let daily = store::daily(r, ANY, (today.plus(-29 - SPARK_DAYS), today))?;
    let series = active(&daily, (today.plus(1 - SPARK_DAYS), today));
    let Some(now) = series.last().filter(|now| now.month_actives > 0) else { return Ok(Vec::new()) };
    Ok(vec![Tile {
        title: "Active today".to_owned(),
        value: now.day_actives.to_string(),
        note: format!("{} in 7 days, {} in 30 days", now.week_actives, now.month_actives),
        href: "/engagement".to_owned(),
        tone: Tone::Neutral,
        spark: series.iter().map(|day| day.day_actives as f64).collect(),
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
    let active = store::daily(r, ANY, (today, today))?.union((today, today)).len();
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
