//! What happens by itself: drafts, maintenances, tellings to many.

use super::house::*;
use crate::jobs::{self, Subject};
use crate::model::Phase;
use crate::model::report::Visibility;
use crate::store::reports;
use kernel::ids::ReportId;
use kernel::time::{HOUR, MINUTE};
use kernel::{Fact, Role};
use testkit::TestHouse;

async fn open(house: &TestHouse) -> Vec<reports::ReportRow> {
    house.cx.read(reports::list_open).await.unwrap()
}

async fn crowd(house: &TestHouse, count: i64) {
    house
        .cx
        .write(move |tx| {
            for number in 0..count {
                let address = format!("s{number}@example.org");
                tx.run(
                    "insert into status_subscribers (kind, address, address_key, language, state, token_digest, token_sealed, created_at) \
                     values ('email', ?1, ?1, 'en', 'active', ?1, '', 0)",
                    [address],
                )?;
            }
            Ok(())
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn ten_thousand_followers_get_one_update_once_each_even_when_the_telling_was_interrupted() {
    let house = house().await;
    crowd(&house, 10_000).await;
    let member = house.member(Role::Member).await;
    member
        .post("/status/edit/reports", &[("title", "Down"), ("impact", "major"), ("phase", "investigating"), ("body", "We look.")])
        .await
        .expect(303);
    // Killed after three transactions: the notice is begun, two batches are posted.
    for _ in 0..3 {
        house.cx.write(|tx| jobs::post_batch(tx, Subject::Report(ReportId(1)))).await.unwrap();
    }
    assert_eq!(count(&house, "select count(*) from work_deliveries").await, 1_000);
    house.pass(MINUTE * 2).await;
    assert_eq!(count(&house, "select count(*) from work_deliveries").await, 10_000);
    assert_eq!(count(&house, "select count(distinct destination) from work_deliveries").await, 10_000);
    assert_eq!(count(&house, "select count(*) from status_notices where finished_at is not null and posted = 10000").await, 1);
    let span = count(&house, "select max(next_at) - min(next_at) from work_deliveries where attempts = 0").await;
    assert!((850_000..1_200_000).contains(&span), "600 a minute take some 16 minutes, not {span} ms");
}

#[tokio::test]
async fn an_outage_becomes_a_draft_that_waits_for_a_click_and_goes_when_it_was_nothing() {
    let house = house().await;
    let member = house.member(Role::Member).await;
    component(&house, &member, 7, "Payments").await;
    watch(&house, 7, "Payments", "down").await;
    house.tell(down(7, 1, house.clock.now())).await;
    assert!(open(&house).await.is_empty(), "not in the first two minutes");
    house.pass(MINUTE * 2).await;
    let rows = open(&house).await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].visibility, Visibility::Draft);
    assert_eq!(rows[0].view.title, "Problems with Payments");
    assert!(!format!("{:?}", rows[0].view).contains("internal.example"), "what is inside stays inside");
    assert!(member.get("/status/edit").await.expect(200).body.contains("Problems with Payments"));
    assert!(!house.visitor().get("/status").await.expect(200).body.contains("Problems with Payments"));
    house.tell(recovered(7, 1, house.clock.now())).await;
    assert!(open(&house).await.is_empty());
}

#[tokio::test]
async fn a_draft_about_a_monitor_that_was_paused_goes() {
    let house = house().await;
    let member = house.member(Role::Member).await;
    component(&house, &member, 7, "Payments").await;
    watch(&house, 7, "Payments", "down").await;
    house.tell(down(7, 1, house.clock.now())).await;
    house.pass(MINUTE * 2).await;
    assert_eq!(open(&house).await.len(), 1);
    watch(&house, 7, "Payments", "no_data").await;
    house.tell(Fact::MonitorSilenced { monitor: kernel::ids::MonitorId(7), name: "api".into() }).await;
    assert!(open(&house).await.is_empty());
}

#[tokio::test]
async fn an_outage_that_is_over_suggests_nothing_while_the_next_one_lasts() {
    let house = house().await;
    let member = house.member(Role::Member).await;
    component(&house, &member, 7, "Payments").await;
    watch(&house, 7, "Payments", "down").await;
    house.tell(down(7, 1, house.clock.now())).await;
    house.pass(MINUTE).await;
    house.tell(recovered(7, 1, house.clock.now())).await;
    house.tell(down(7, 2, house.clock.now())).await;
    house.pass(MINUTE + MINUTE / 2).await;
    assert!(open(&house).await.is_empty(), "the second has not lasted two minutes");
    house.pass(MINUTE).await;
    assert_eq!(open(&house).await[0].outages, [2]);
    house.tell(recovered(7, 2, house.clock.now())).await;
    assert!(open(&house).await.is_empty(), "nothing waits for the end of the first");
}

#[tokio::test]
async fn a_short_outage_suggests_nothing_and_a_second_one_joins_the_draft() {
    let house = house().await;
    let member = house.member(Role::Member).await;
    component(&house, &member, 7, "Payments").await;
    component(&house, &member, 8, "API").await;
    watch(&house, 7, "Payments", "down").await;
    house.tell(down(7, 1, house.clock.now())).await;
    watch(&house, 7, "Payments", "operational").await;
    house.pass(MINUTE * 3).await;
    assert!(open(&house).await.is_empty());
    for (id, outage, name) in [(7, 2, "Payments"), (8, 3, "API")] {
        watch(&house, id, name, "down").await;
        house.tell(down(id, outage, house.clock.now())).await;
    }
    house.pass(MINUTE * 3).await;
    let rows = open(&house).await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].outages, [2, 3]);
    house.tell(recovered(7, 2, house.clock.now())).await;
    assert_eq!(open(&house).await.len(), 1, "the other one is still down");
}

#[tokio::test]
async fn with_auto_publish_a_draft_goes_out_and_ends_by_itself_unless_a_person_took_over() {
    let house = house().await;
    set(&house, "status.auto_publish", "on").await;
    let member = house.member(Role::Member).await;
    component(&house, &member, 7, "Payments").await;
    for (outage, by_hand) in [(1, false), (2, true)] {
        watch(&house, 7, "Payments", "down").await;
        house.tell(down(7, outage, house.clock.now())).await;
        house.live_through(MINUTE * 9, MINUTE).await;
        let row = open(&house).await.pop().unwrap();
        assert_eq!(row.visibility, Visibility::Published);
        if by_hand {
            let path = format!("/status/edit/reports/{}/updates", row.id);
            member.post(&path, &[("phase", "identified"), ("body", "A cable.")]).await.expect(303);
        }
        watch(&house, 7, "Payments", "operational").await;
        house.tell(recovered(7, outage, house.clock.now())).await;
        let row = house.cx.read(move |r| reports::get_report(r, row.id)).await.unwrap();
        assert_eq!(row.view.phase, if by_hand { Phase::Identified } else { Phase::Resolved });
    }
}

#[tokio::test]
async fn a_second_outage_is_named_in_the_suggested_report_and_told_when_that_is_published() {
    let house = house().await;
    set(&house, "status.auto_publish", "on").await;
    let member = house.member(Role::Member).await;
    let first = component(&house, &member, 7, "Payments").await;
    let second = component(&house, &member, 8, "API").await;
    let third = component(&house, &member, 9, "Search").await;
    let told = "select count(*) from work_facts where kind = 'report_published'";
    for (id, outage, name) in [(7, 1, "Payments"), (8, 2, "API")] {
        watch(&house, id, name, "down").await;
        house.tell(down(id, outage, house.clock.now())).await;
        house.pass(MINUTE * 2).await;
    }
    let row = open(&house).await.pop().unwrap();
    assert_eq!((row.visibility, count(&house, told).await), (Visibility::Draft, 0));
    assert_eq!(row.view.effects_now().iter().map(|effect| effect.component).collect::<Vec<_>>(), [first, second]);
    assert!(row.view.updates[0].body.contains("problems with API."), "{}", row.view.updates[0].body);
    house.live_through(MINUTE * 9, MINUTE).await;
    assert_eq!(count(&house, told).await, 1);
    watch(&house, 9, "Search", "down").await;
    house.tell(down(9, 3, house.clock.now())).await;
    house.tell(down(9, 4, house.clock.now())).await;
    house.pass(MINUTE * 2).await;
    let row = open(&house).await.pop().unwrap();
    assert_eq!((row.view.updates.len(), count(&house, told).await), (3, 2), "a component is named once");
    assert!(row.view.state_of(third).is_some());
    assert_eq!(row.outages, [1, 2, 3, 4]);
}

#[tokio::test]
async fn the_title_names_what_joined_in_the_language_of_the_page_until_a_person_writes_another() {
    let house = house().await;
    set(&house, "status.language", "de").await;
    let member = house.member(Role::Member).await;
    for (id, name) in [(7, "Payments"), (8, "API"), (9, "Search"), (10, "Docs")] {
        component(&house, &member, id, name).await;
    }
    let hit = async |id: i64, name: &'static str| {
        watch(&house, id, name, "down").await;
        house.tell(down(id, id, house.clock.now())).await;
        house.pass(MINUTE * 2).await;
        open(&house).await.pop().unwrap().view
    };
    // The later component is hit first: the title follows the order of the page.
    let view = hit(8, "API").await;
    assert_eq!(view.title, "Probleme mit API");
    assert_eq!(view.updates[0].body, "Wir untersuchen Probleme mit API. Die nächste Meldung folgt innerhalb von 30 Minuten.");
    assert_eq!(hit(7, "Payments").await.title, "Probleme mit Payments und API");
    let view = hit(9, "Search").await;
    assert_eq!((view.title.as_str(), view.impact), ("Probleme mit Payments, API und 1 weiteren", crate::model::Impact::Major));
    member.post("/status/edit/reports/1", &[("title", "Ein Kabel"), ("impact", "major")]).await.expect(303);
    assert_eq!(hit(10, "Docs").await.title, "Ein Kabel");
    member.post("/status/edit/reports/1/publish", &[]).await.expect(303);
    for id in 7..=10 {
        house.tell(recovered(id, id, house.clock.now())).await;
    }
    let row = house.cx.read(|r| reports::get_report(r, ReportId(1))).await.unwrap();
    assert_eq!(row.view.updates[0].body, "Unsere Prüfungen zeigen: Alles funktioniert wieder.");
}

#[tokio::test]
async fn a_maintenance_tells_uptime_begins_and_ends_by_itself() {
    let house = house().await;
    let smtp = with_mail(&house).await;
    crowd(&house, 0).await;
    let member = house.member(Role::Member).await;
    let id = component(&house, &member, 7, "Payments").await;
    // 2026-03-02 12:00 UTC is the house's start.
    let fields = [("title", "Upgrade"), ("body", "Slow pages."), ("starts_at", "2026-03-02T13:00"), ("ends_at", "2026-03-02T14:00")];
    let mut fields: Vec<(&str, &str)> = fields.to_vec();
    let component = id.to_string();
    fields.push(("components", &component));
    member.post("/status/edit/maintenances", &fields).await.expect(303);
    let fact: String = house.cx.read(|r| r.value("select payload from work_facts where kind = 'maintenance_announced'", [])).await.unwrap();
    let Fact::MaintenanceAnnounced { monitors, starts_at, ends_at, .. } = serde_json::from_str(&fact).unwrap() else { panic!() };
    assert_eq!(monitors, [kernel::ids::MonitorId(7)]);
    assert_eq!(ends_at.since(starts_at), HOUR);
    assert!(house.visitor().get("/status").await.expect(200).body.contains("Upgrade"));
    house.live_through(MINUTE * 62, MINUTE).await;
    assert!(house.visitor().get("/status").await.expect(200).body.contains("Maintenance in progress"));
    let summary: serde_json::Value = house.visitor().get("/status/api/v2/summary.json").await.expect(200).json();
    assert_eq!(summary["status"]["indicator"], "maintenance");
    assert_eq!(summary["components"][0]["status"], "under_maintenance");
    house.live_through(HOUR, MINUTE).await;
    let phases = house
        .cx
        .read(|r| r.rows("select phase from status_maintenance_updates order by id", [], |row| row.get::<_, String>(0)))
        .await
        .unwrap();
    assert_eq!(phases, ["scheduled", "in_progress", "completed"]);
    assert!(smtp.mails().is_empty());
}

#[tokio::test]
async fn a_maintenance_called_off_says_so_to_uptime() {
    let house = house().await;
    let member = house.member(Role::Member).await;
    let fields = [("title", "Upgrade"), ("body", "Slow pages."), ("starts_at", "2026-03-05T13:00"), ("ends_at", "2026-03-05T14:00")];
    member.post("/status/edit/maintenances", &fields).await.expect(303);
    member.post("/status/edit/maintenances/1/steps", &[("phase", "cancelled")]).await.expect(303);
    assert_eq!(count(&house, "select count(*) from work_facts where kind = 'maintenance_ended'").await, 1);
    member.post("/status/edit/maintenances/1/steps", &[("phase", "completed")]).await.expect(409);
    let wrong = [("title", "x"), ("body", "y"), ("starts_at", "2026-03-05T13:00"), ("ends_at", "2026-03-05T12:00")];
    assert!(member.post("/status/edit/maintenances", &wrong).await.expect(422).body.contains("end after it starts"));
}

#[tokio::test]
async fn a_running_maintenance_that_is_moved_ahead_waits_again() {
    let house = house().await;
    let member = house.member(Role::Member).await;
    let fields = [("title", "Upgrade"), ("body", "Slow pages."), ("starts_at", "2026-03-02T12:05"), ("ends_at", "2026-03-02T13:00")];
    member.post("/status/edit/maintenances", &fields).await.expect(303);
    house.live_through(MINUTE * 7, MINUTE).await;
    let phase = "select count(*) from status_maintenances where phase = 'in_progress'";
    assert_eq!(count(&house, phase).await, 1);
    let fields = [("title", "Upgrade"), ("starts_at", "2026-03-02T15:00"), ("ends_at", "2026-03-02T16:00")];
    member.post("/status/edit/maintenances/1", &fields).await.expect(303);
    assert_eq!(count(&house, phase).await, 0);
    house.live_through(HOUR * 3, MINUTE * 10).await;
    assert_eq!(count(&house, phase).await, 1);
}
