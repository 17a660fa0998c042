//! What errors says on pages and in answers that belong to all.

use capability::Subject;
use ingest::{EventId, Kind};
use kernel::ids::ProjectId;
use kernel::time::{DAY, MINUTE};
use serde_json::json;

use super::kit::{Kit, message, python, with};
use crate::acts;
use crate::model::{Level, Resolved, State};
use crate::store::acts::Actor;

impl Kit {
    async fn metric(&self, name: &'static str) -> Option<(f64, u64)> {
        let house = self.house.cx.clone();
        let metric = self.house.cx.registry.metrics().into_iter().find(|metric| metric.name == name).unwrap();
        let reading = self.house.cx.read(move |r| (metric.read)(&house, r)).await.unwrap();
        reading.map(|reading| (reading.value, reading.samples))
    }

    async fn hrefs(&self, subject: Subject<'_>) -> Vec<String> {
        self.house.cx.registry.related(&self.house.cx, &subject).unwrap().into_iter().map(|hit| hit.href).collect()
    }
}

#[tokio::test]
async fn metrics_follow_events_and_acts_and_say_nothing_before_the_first() {
    let kit = Kit::new().await;
    for name in ["errors.events_per_minute", "errors.unresolved_issues", "errors.new_issues_24h"] {
        assert_eq!(kit.metric(name).await, None, "{name}");
    }
    assert!(kit.house.cx.read(crate::contributions::tiles).await.unwrap().is_empty());
    for index in 0..20 {
        kit.send_event(&message(if index % 2 == 0 { "disk full" } else { "disk slow" })).await;
    }
    kit.house.digest().await;
    assert_eq!(kit.metric("errors.events_per_minute").await, Some((2.0, 20)));
    assert_eq!(kit.metric("errors.unresolved_issues").await, Some((2.0, 2)));
    let id = kit.issues().await[0].id;
    kit.house.cx.write(move |tx| acts::set_state(tx, &[id], State::Resolved(Resolved::AtOnce), &Actor::default())).await.unwrap();
    assert_eq!(kit.metric("errors.unresolved_issues").await, Some((1.0, 1)));
    kit.house.clock.advance(std::time::Duration::from_secs(30));
    let (rate, _) = kit.metric("errors.events_per_minute").await.unwrap();
    assert!((rate - 20.0 / 10.5).abs() < 0.001, "over the ten and a half minutes that are counted: {rate}");
    kit.house.clock.advance(MINUTE * 11);
    assert_eq!(kit.metric("errors.events_per_minute").await, Some((0.0, 0)));
    let tiles = kit.house.cx.read(crate::contributions::tiles).await.unwrap();
    assert_eq!(tiles.iter().map(|tile| tile.value.as_str()).collect::<Vec<_>>(), ["2", "20"]);
    assert_eq!((tiles[1].spark.len(), tiles[1].spark.iter().sum::<f64>()), (24, 20.0));
    kit.house.clock.advance(DAY);
    assert_eq!(kit.metric("errors.new_issues_24h").await, Some((0.0, 0)));
}

#[tokio::test]
async fn others_learn_what_errors_a_trace_a_release_or_an_event_has() {
    let kit = Kit::new().await;
    let trace = "bb96c179e69e4e88a7425f45e0dacc65";
    let event = with(
        python("E", "v", &[("shop", "pay", 1, "x()")]),
        json!({"release": "shop@1.0.0", "contexts": {"trace": {"trace_id": trace, "span_id": "b1eaf7bcb3857669"}}}),
    );
    let item = kit.send_event(&event).await;
    kit.house.digest().await;
    let id = kit.issue_of(item).await;
    let page = format!("/errors/{id}/events/{item}");
    let event_id = EventId::parse(event["event_id"].as_str().unwrap()).unwrap();
    assert_eq!(kit.hrefs(Subject::Trace(trace)).await, std::slice::from_ref(&page));
    assert_eq!(kit.hrefs(Subject::Event(kit.project, event_id)).await, [page]);
    assert_eq!(kit.hrefs(Subject::Release(kit.project, "shop@1.0.0")).await, [format!("/errors/{id}")]);
    kit.issue_for(&with(python("E", "v", &[("shop", "pay", 1, "x()")]), json!({"release": "shop@2.0.0"}))).await;
    assert_eq!(kit.hrefs(Subject::Release(kit.project, "shop@2.0.0")).await, [""; 0], "it is not new there");
    for nothing in [Subject::Trace("nonsense"), Subject::Event(ProjectId(99), event_id), Subject::Release(ProjectId(99), "shop@1.0.0")] {
        assert_eq!(kit.hrefs(nothing).await, [""; 0], "{nothing:?}");
    }
}

#[tokio::test]
async fn reports_of_browsers_are_issues_by_what_they_forbid() {
    let kit = Kit::new().await;
    let report = |blocked: &str, page: &str| {
        json!({"csp-report": {"document-uri": page, "effective-directive": "script-src", "blocked-uri": blocked}}).to_string()
    };
    for (blocked, page) in [
        ("https://evil.example/a.js", "https://shop.example/1"),
        ("https://evil.example/b.js", "https://shop.example/2"),
        ("inline", "https://shop.example/1"),
    ] {
        kit.send(Kind::Security, report(blocked, page).as_bytes()).await;
    }
    kit.house.digest().await;
    let all = kit.issues().await;
    assert_eq!(
        all.iter().map(|issue| (issue.title(), issue.events, issue.level)).collect::<Vec<_>>(),
        [
            ("Blocked script-src from evil.example".to_owned(), 2, Level::Warning),
            ("Blocked script-src from inline".to_owned(), 1, Level::Warning)
        ]
    );
}

#[tokio::test]
async fn questions_that_are_asked_often_follow_an_index() {
    let kit = Kit::new().await;
    let (hash, issue) = kit
        .house
        .cx
        .read(|r| {
            let hash = r.explain("select issue_id from errors_hashes where hash = ?", [1])?;
            let issue = r.explain(
                "select c.hour, sum(c.events) from errors_hashes h join errors_hours c on c.hash_id = h.id \
                 where h.issue_id = ? and c.hour >= ? group by c.hour order by c.hour",
                [1, 2],
            )?;
            Ok((hash, issue))
        })
        .await
        .unwrap();
    assert!(hash.contains("SEARCH") && hash.contains("hash=?"), "{hash}");
    assert!(issue.contains("errors_hashes_by_issue_id") && issue.contains("errors_hours_by_hash_id"), "{issue}");
    let (events, by_id) = kit
        .house
        .cx
        .telemetry
        .read(|r| {
            let events =
                r.explain("select item_id from errors_events where hash = ? and item_id < ? order by item_id desc limit ?", [1, 2, 3])?;
            let by_id = r.explain(
                "with recursive days(day) as (select ?1 union all select day - 86400000 from days where day > ?1 - ?4 * 86400000) \
                 select e.item_id from days cross join ingest_ids l on l.day = days.day and l.project_id = ?2 and l.event_id = ?3 \
                 join errors_events e on e.item_id = l.item_id limit 1",
                [1, 2, 3, 4],
            )?;
            Ok((events, by_id))
        })
        .await
        .unwrap();
    assert!(events.contains("errors_events_by_hash") && !events.contains("TEMP B-TREE"), "{events}");
    assert!(by_id.contains("SEARCH l USING PRIMARY KEY (day=? AND project_id=? AND event_id=?)"), "{by_id}");
}
