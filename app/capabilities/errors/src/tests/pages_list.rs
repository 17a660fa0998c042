//! The list with many issues: how large it is, how fast, and by which indexes.

use kernel::ids::ProjectId;
use kernel::time::{DAY, HOUR, Stopwatch};

use super::pages_seed::Seed;
use crate::model::{Level, Priority};
use crate::search::asked::{Sort, StateTab};
use crate::store::views::{self, Wanted};
use crate::store::{counts, events, hashes, issues};

/// Issues with long names, each with events in every hour of a day and on every day of a fortnight.
async fn fill(seed: &Seed, many: i64) {
    let project = seed.project;
    let fill = move |tx: &mut db::Tx<'_>| {
        for number in 0..many {
            one(tx, project, number)?;
        }
        Ok(())
    };
    seed.house.cx.write(fill).await.expect("the issues are there");
}

fn one(tx: &mut db::Tx<'_>, project: ProjectId, number: i64) -> kernel::Result<()> {
    let kind = format!("InvalidCheckoutStateError{number}");
    let value = "Cannot read properties of undefined (reading 'amount') while the voucher of the customer was applied to the cart with many rows in it".repeat(2);
    let at = tx.now - HOUR * u32::try_from(number % 12).unwrap_or_default();
    let insert = issues::IssueInsert {
        project,
        kind: &kind,
        value: &value,
        culprit: "applyVoucherToCart in shop/checkout/cart/totals.ts",
        level: Level::Error,
        platform: "javascript",
        search: &format!("{kind} {value} applyvouchertocart").to_lowercase(),
        first_seen_at: at - DAY * 3,
        item: number + 1,
        release: None,
    };
    let issue = issues::insert_issue(tx, &insert)?;
    let hash = hashes::HashInsert { project, hash: number, issue, kind: "app", version: 1, title_kind: &kind, title_value: &value };
    let hash = hashes::ensure_hash(tx, &hash, || "{}".to_owned())?;
    for step in 0..24 {
        counts::add_hour(tx, hash, (tx.now - HOUR * step).hour_start(), u64::from(step) * 7 + 1)?;
    }
    for step in 1..14 {
        counts::add_hour(tx, hash, (tx.now - DAY * step).day_start(), 40)?;
    }
    hashes::count_events(tx, hash, 1_000, (at - DAY * 3, at), (number + 1, number + 1))?;
    counts::add_tag(
        tx,
        hash,
        ("environment", if number % 2 == 0 { "production" } else { "staging" }),
        1_000,
        at,
        &mut counts::KeyRoom::default(),
    )?;
    let seen = issues::IssueSeen {
        events: 1_000,
        new_users: 37,
        first_seen_at: at - DAY * 3,
        last_seen_at: at,
        last_item: number + 1,
        last_release: None,
        has_unhandled: true,
        priority: Priority::High,
        latest: None,
    };
    issues::count_seen(tx, issue, &seen)
}

#[tokio::test]
async fn a_page_of_fifty_issues_stays_below_100_kilobytes_and_leads_on_by_key() {
    let seed = Seed::new().await;
    fill(&seed, 120).await;
    for query in ["", "?range=14d", "?sort=priority", "?sort=events&q=voucher"] {
        let page = seed.admin.get(&format!("/errors{query}")).await.expect(200).body;
        // The navigation of a whole house weighs some 14,000 more.
        assert!(page.len() < 85_000, "{} bytes of /errors{query}", page.len());
        assert_eq!(page.matches("type=\"checkbox\" name=\"issue\"").count(), 50, "{query}");
    }
    for sort in Sort::ALL {
        let (mut path, mut seen) = (format!("/errors?sort={}", sort.as_str()), std::collections::BTreeSet::new());
        for _ in 0..3 {
            let page = seed.page(&path).await;
            seen.extend(page.split("href=\"/errors/").skip(1).filter_map(|rest| rest.split('"').next()?.parse::<i64>().ok()));
            let next = page.split("href=\"").map(|part| part.split('"').next().unwrap_or_default()).find(|href| href.contains("after="));
            match next {
                Some(next) => path = next.replace("&amp;", "&"),
                None => break,
            }
        }
        assert_eq!(seen.len(), 120, "each issue once by {sort:?}");
    }
    seed.get("/errors?after=nonsense").await.expect(200);
}

#[tokio::test]
async fn the_hot_queries_walk_their_indexes() {
    let seed = Seed::new().await;
    let cases = [
        (StateTab::Open, Sort::LastSeen, "errors_issues_by_state_last_seen_at"),
        (StateTab::Resolved, Sort::LastSeen, "errors_issues_by_state_last_seen_at"),
        (StateTab::All, Sort::LastSeen, "errors_issues_by_last_seen_at"),
        (StateTab::All, Sort::FirstSeen, "errors_issues_by_first_seen_at"),
        (StateTab::All, Sort::Events, "errors_issues_by_events"),
        (StateTab::All, Sort::Users, "errors_issues_by_users"),
        (StateTab::All, Sort::Priority, "errors_issues_by_priority_last_seen_at"),
    ];
    for (tab, sort, index) in cases {
        let after = if sort == Sort::Priority { vec![2, 1, 1] } else { vec![1, 1] };
        let wanted = Wanted { tab, sort, project: None, conditions: Vec::new(), after, limit: 51 };
        let plan = seed
            .house
            .cx
            .read(move |r| {
                let (sql, params) = views::page_sql(r, &wanted);
                r.explain(&sql, rusqlite::params_from_iter(params))
            })
            .await
            .unwrap();
        assert!(plan.contains(index) && !plan.contains("TEMP B-TREE"), "{tab:?} {sort:?}: {plan}");
    }
    for (sql, index) in [(views::HOURS_SQL, "errors_hours_by_hash_id"), (views::DAYS_SQL, "errors_days_by_hash_id")] {
        let plan = seed.house.cx.read(move |r| r.explain(sql, rusqlite::params!["[1]", 1])).await.unwrap();
        assert!(plan.contains(index) && plan.contains("errors_hashes_by_issue_id"), "{plan}");
    }
    let plan =
        seed.house.cx.telemetry.read(|r| r.explain(views::EVENTS_SQL, rusqlite::params![1, 9, "", None::<i64>, None::<&str>, "[]", 26]));
    let plan = plan.await.unwrap();
    assert!(plan.contains("errors_events_by_hash") && !plan.contains("TEMP B-TREE"), "{plan}");
}

/// `HERMETIC_SLOW=1 cargo nextest run -p errors --release --no-capture thousand`
#[tokio::test]
async fn a_thousand_issues_with_a_million_events_are_listed_at_once() {
    if std::env::var_os("HERMETIC_SLOW").is_none() {
        eprintln!(
            "SKIPPED: takes a minute; prints how long the pages take with 1,000 issues and 1,000,000 events; HERMETIC_SLOW=1 runs it"
        );
        return;
    }
    let seed = Seed::new().await;
    fill(&seed, 1_000).await;
    for part in 0..100 {
        let project = seed.project;
        let insert = move |tx: &mut db::Tx<'_>| {
            for number in 0..10_000_i64 {
                let item = 10_000 + part * 10_000 + number;
                let stored = crate::model::Stored {
                    item,
                    project,
                    hash: number % 1_000,
                    at: tx.now,
                    received_at: tx.now,
                    level: Level::Error,
                    release: None,
                    environment: "production".to_owned(),
                    user: Some(number),
                    event_id: None,
                };
                events::insert_event(tx, &events::EventInsert { stored, trace_id: None, bytes: 2_000, relevance: 1 })?;
            }
            Ok(())
        };
        seed.house.cx.telemetry.write(insert).await.expect("the events are there");
    }
    let made = seed.event(super::pages_seed::exception("KeyError", "'price'")).await;
    let many = (1..=3).map(|id| format!("/errors/{id}/events")).collect::<Vec<_>>();
    let mut paths =
        vec!["/errors".to_owned(), "/errors?range=14d&sort=events".to_owned(), "/errors?q=environment:staging+voucher".to_owned()];
    paths.extend([made.path(), made.event_path()]);
    paths.extend(many);
    for path in paths {
        let mut times: Vec<u64> = Vec::new();
        let mut size = 0;
        for _ in 0..25 {
            let watch = Stopwatch::start();
            size = seed.admin.get(&path).await.expect(200).body.len();
            times.push(watch.micros());
        }
        times.sort_unstable();
        eprintln!("{path}: median {} µs, p95 {} µs, {size} bytes", times[12], times[23]);
    }
}
