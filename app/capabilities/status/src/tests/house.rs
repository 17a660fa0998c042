//! A house with this capability and a stand-in for uptime, whose conditions the tests set.

use crate::Status;
use capability::{Capability, Condition, Feed, FeedSource, ResponsePoint, Setting, Stretch, settings};
use db::{Migration, Reader};
use kernel::ids::{ComponentId, MonitorId, OutageId};
use kernel::time::{DAY, HOUR};
use kernel::{Fact, Result, Role, Time};
use testkit::fakes::Smtp;
use testkit::{Client, TestHouse};

struct Watch;
static STATUS: Status = Status;
static WATCH: Watch = Watch;
pub static LIST: &[&dyn Capability] = &[&STATUS, &WATCH];

impl Capability for Watch {
    fn name(&self) -> &'static str {
        "uptime"
    }

    fn migrations(&self) -> &'static [Migration] {
        &[Migration {
            number: 1,
            name: "watch",
            sql: "create table uptime_watched (key text primary key, name text not null, condition text not null) strict",
        }]
    }

    fn feed(&self) -> Option<&'static dyn Feed> {
        Some(&WATCH)
    }
}

impl Feed for Watch {
    fn sources(&self, r: &Reader<'_>) -> Result<Vec<FeedSource>> {
        r.rows("select key, name from uptime_watched order by key", [], |row| {
            Ok(FeedSource { key: row.get(0)?, name: row.get(1)?, kind: "http".into() })
        })
    }

    fn conditions(&self, r: &Reader<'_>) -> Result<Vec<(String, Condition)>> {
        let rows: Vec<(String, String)> = r.rows("select key, condition from uptime_watched", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.into_iter().map(|(key, word)| (key, serde_json::from_value(word.into()).unwrap())).collect())
    }

    fn history(&self, r: &Reader<'_>, key: &str, from: Time, to: Time) -> Result<Vec<Stretch>> {
        let condition =
            self.conditions(r)?.into_iter().find(|(known, _)| known == key).map_or(Condition::NoData, |(_, condition)| condition);
        let turn = to - HOUR;
        let start = to - DAY * 40;
        Ok(vec![
            Stretch { from, to: start, condition: Condition::NoData },
            Stretch { from: start, to: turn, condition: Condition::Operational },
            Stretch { from: turn, to, condition },
        ])
    }

    fn response_times(&self, _: &Reader<'_>, _: &str, from: Time, to: Time) -> Result<Vec<ResponsePoint>> {
        Ok((0..24u32).map(|hour| ResponsePoint { at: (from + HOUR * hour).min(to), p50_ms: 100.0, p95_ms: 300.0, samples: 60 }).collect())
    }
}

pub async fn house() -> TestHouse {
    TestHouse::new(LIST).await
}

pub async fn set(house: &TestHouse, key: &'static str, value: &str) {
    let sections = house.cx.registry.sections();
    let found: Option<Setting> = sections.iter().flat_map(|(_, section)| section.fields).find(|field| field.key == key).copied();
    let (setting, sealer, value) = (found.expect("a setting"), house.cx.sealer.clone(), value.to_owned());
    house.cx.write(move |tx| settings::set(tx, &sealer, &setting, &value)).await.unwrap();
}

pub async fn watch(house: &TestHouse, id: i64, name: &'static str, condition: &'static str) {
    house
        .cx
        .write(move |tx| {
            tx.run(
                "insert into uptime_watched (key, name, condition) values (?, ?, ?) on conflict (key) do update set condition = excluded.condition",
                (format!("uptime:{id}"), name, condition),
            )
        })
        .await
        .unwrap();
}

/// A component that follows the monitor of this number; made through the console.
pub async fn component(house: &TestHouse, member: &Client, id: i64, name: &'static str) -> ComponentId {
    watch(house, id, name, "operational").await;
    member.post("/status/edit/components", &[("name", name), ("feeds", &format!("uptime:{id}"))]).await.expect(303);
    let rows = house.cx.read(crate::store::components::list_components).await.unwrap();
    rows.into_iter().find(|row| row.name == name).unwrap().id
}

pub fn down(monitor: i64, outage: i64, now: Time) -> Fact {
    Fact::MonitorDown {
        monitor: MonitorId(monitor),
        name: "api".into(),
        target: "https://internal.example/secret?key=hush".into(),
        outage: OutageId(outage),
        down_since: now,
        detected_at: now,
        reason: "http_status".into(),
        detail: "The server answered 503.".into(),
    }
}

pub fn recovered(monitor: i64, outage: i64, now: Time) -> Fact {
    Fact::MonitorRecovered {
        monitor: MonitorId(monitor),
        name: "api".into(),
        target: "https://internal.example/secret?key=hush".into(),
        outage: OutageId(outage),
        down_since: now,
        recovered_at: now,
    }
}

/// Mail goes to this server from now on.
pub async fn with_mail(house: &TestHouse) -> Smtp {
    let smtp = Smtp::start();
    set(house, "outbound.mail_kind", "smtp").await;
    set(house, "outbound.mail_from", "status@example.com").await;
    set(house, "outbound.smtp_host", &smtp.host()).await;
    set(house, "outbound.smtp_port", &smtp.port().to_string()).await;
    set(house, "outbound.smtp_tls", "none").await;
    smtp
}

/// The path of a link on this instance.
pub fn path_of(link: &str) -> String {
    url::Url::parse(link).unwrap().path().to_owned()
}

pub async fn count(house: &TestHouse, sql: &'static str) -> i64 {
    house.cx.read(move |r| r.value(sql, [])).await.unwrap()
}

/// With a component, an open report and a planned maintenance.
pub async fn filled(house: &TestHouse) {
    let member = house.member(Role::Member).await;
    component(house, &member, 1, "API").await;
    member
        .post("/status/edit/reports", &[("title", "Down"), ("impact", "major"), ("phase", "investigating"), ("body", "We look.")])
        .await
        .expect(303);
    let fields = [("title", "Upgrade"), ("body", "Slow."), ("starts_at", "2026-03-05T13:00"), ("ends_at", "2026-03-05T14:00")];
    member.post("/status/edit/maintenances", &fields).await.expect(303);
}
