//! What finds what.

use kernel::Time;
use kernel::ids::ProjectId;
use serde_json::json;

use super::bench::{Bench, line, line_with};
use crate::model::query::{Comparison, Test, What, is_like, term_of};
use crate::model::{Level, Query};
use crate::store::{self, Range};

fn parse(text: &str) -> Query {
    Query::parse(text, &|slug| (slug == "web").then_some(ProjectId(7)))
}

#[test]
fn questions_are_understood() {
    let word = |text: &str| What::Word(text.to_owned());
    let text = |text: &str| What::Text(text.to_owned());
    let attribute = |key: &str, test: Test| What::Attribute { key: key.to_owned(), test };
    let is = |value: &str| Test::Is(value.to_owned());
    let table: Vec<(&str, Vec<(bool, What)>)> = vec![
        ("timeout", vec![(false, word("timeout"))]),
        ("Time*", vec![(false, What::Prefix("time".into()))]),
        ("-health !probe", vec![(true, word("health")), (true, word("probe"))]),
        ("\"Stock low\"", vec![(false, text("stock low"))]),
        ("a@example.com", vec![(false, text("a@example.com"))]),
        ("-- - -> *", vec![(false, text("--")), (false, text("-")), (false, text("->"))]),
        ("level:error", vec![(false, What::Levels(vec![Level::Error]))]),
        ("level:>=error", vec![(false, What::Levels(vec![Level::Fatal, Level::Error]))]),
        ("-level:info,debug", vec![(true, What::Levels(vec![Level::Info, Level::Debug]))]),
        ("project:web", vec![(false, What::Project(ProjectId(7)))]),
        ("env:staging release:shop@1.0", vec![(false, What::Environment("staging".into())), (false, What::Release("shop@1.0".into()))]),
        ("trace:0131874ADC87492188E3592B4BBE8C31", vec![(false, What::Trace("0131874adc87492188e3592b4bbe8c31".into()))]),
        ("has:cart.id", vec![(false, What::Has("cart.id".into()))]),
        ("cart.id:7", vec![(false, attribute("cart.id", is("7")))]),
        ("user.name:\"Ada L\" next", vec![(false, attribute("user.name", is("Ada L"))), (false, word("next"))]),
        ("url.path:/api/*", vec![(false, attribute("url.path", Test::Like("/api/*".into())))]),
        ("took:>=1.5", vec![(false, attribute("took", Test::Compare(Comparison::AtLeast, 1.5)))]),
        ("took:>soon", vec![(false, attribute("took", is(">soon")))]),
        ("logger:shop", vec![(false, attribute("logger.name", is("shop")))]),
        (
            "http://a/b 12:30 Error: x",
            vec![(false, text("http://a/b")), (false, text("12:30")), (false, word("error")), (false, word("x"))],
        ),
        ("\"unclosed quote", vec![(false, text("unclosed quote"))]),
        ("  ", vec![]),
    ];
    for (asked, expected) in table {
        let query = parse(asked);
        let terms: Vec<(bool, What)> = query.terms.into_iter().map(|term| (term.is_negated, term.what)).collect();
        assert_eq!((terms, query.problems), (expected, Vec::<String>::new()), "{asked}");
    }
}

#[test]
fn what_is_not_understood_is_said() {
    for (asked, said) in
        [("level:loud", "no level"), ("project:nobody", "no project"), ("trace:7", "32 hexadecimal"), ("span:x", "16 hexadecimal")]
    {
        let query = parse(asked);
        assert!(query.terms.is_empty() && query.problems.len() == 1 && query.problems[0].contains(said), "{asked}: {:?}", query.problems);
    }
}

#[test]
fn terms_that_links_make_ask_for_their_value() {
    for (key, value) in [("cart.id", "7"), ("user.name", "Ada L"), ("url.path", "/a b"), ("x", "//y"), ("x", ">5"), ("x", "a*b")] {
        let term = term_of(key, value).unwrap();
        let query = parse(&term);
        let expected = What::Attribute { key: key.to_owned(), test: Test::Is(value.to_owned()) };
        assert_eq!(query.terms.iter().map(|term| &term.what).collect::<Vec<_>>(), vec![&expected], "{term}");
    }
    assert_eq!(term_of("bad key", "x"), None);
    assert_eq!(term_of("x", "a\"b"), None);
}

#[test]
fn stars_stand_for_anything() {
    for (pattern, value, fits) in [
        ("a*", "abc", true),
        ("*c", "abc", true),
        ("a*c", "ABC", true),
        ("a*b*c", "axxbyyc", true),
        ("a*b", "abc", false),
        ("*", "", true),
        ("ab*ba", "aba", false),
        ("a", "a", true),
        ("a", "ab", false),
    ] {
        assert_eq!(is_like(pattern, value), fits, "{pattern} {value}");
    }
}

#[test]
fn level_chips_keep_the_rest_of_the_question() {
    let query = parse("level:error -level:info \"a b\" project:web");
    assert_eq!(query.with_level(Some(Level::Warn)), "level:warn \"a b\" project:web");
    assert_eq!(query.with_level(None), "\"a b\" project:web");
    assert_eq!(parse("level:warn x").level(), Some(Level::Warn));
    assert_eq!(parse("-level:warn x").level(), None);
}

async fn filled() -> Bench {
    let bench = Bench::new().await;
    let jobs = bench.project("Jobs").await;
    bench
        .send(
            bench.web,
            &[
                line_with(
                    "warn",
                    50.0,
                    "Stock low for SKU-1: 3",
                    json!({ "cart.id": 7, "logger.name": "shop", "took": 1.5, "note": "half past" }),
                ),
                line_with(
                    "error",
                    40.0,
                    "pay failed",
                    json!({ "cart.id": 8, "user.email": "ada@example.com", "sentry.environment": "staging" }),
                ),
                line_with(
                    "info",
                    30.0,
                    "GET /checkout/7 200",
                    json!({ "url.path": "/checkout/7", "sentry.release": "shop@1.4.2", "process.pid": 26650 }),
                ),
                line("info", 20.0, "health ok"),
            ],
        )
        .await;
    bench.send(jobs, &[line("fatal", 10.0, "lowered stock; 在庫 timeout=30s")]).await;
    bench.house.digest().await;
    bench
}

const STOCK: &str = "Stock low for SKU-1: 3";
const PAY: &str = "pay failed";
const GET: &str = "GET /checkout/7 200";
const HEALTH: &str = "health ok";
const LOWERED: &str = "lowered stock; 在庫 timeout=30s";

#[tokio::test]
async fn every_kind_of_question_finds_its_lines() {
    let bench = filled().await;
    let table: &[(&str, &[&str])] = &[
        ("", &[LOWERED, HEALTH, GET, PAY, STOCK]),
        ("stock", &[LOWERED, STOCK]),
        ("STOCK", &[LOWERED, STOCK]),
        ("\"stock low\"", &[STOCK]),
        ("\"low stock\"", &[]),
        ("low", &[STOCK]),
        ("low*", &[LOWERED, STOCK]),
        ("*ered", &[LOWERED]),
        ("sku-1", &[STOCK]),
        ("sku-11", &[]),
        ("checkout", &[GET]),
        ("/checkout/7", &[GET]),
        ("在庫", &[LOWERED]),
        ("ada@example.com", &[PAY]),
        ("half", &[STOCK]),
        ("\"past half\"", &[]),
        ("level:error", &[PAY]),
        ("level:>=error", &[LOWERED, PAY]),
        ("level:info,warn", &[HEALTH, GET, STOCK]),
        ("-level:info", &[LOWERED, PAY, STOCK]),
        ("project:jobs", &[LOWERED]),
        ("-project:jobs", &[HEALTH, GET, PAY, STOCK]),
        ("project:web stock", &[STOCK]),
        ("environment:staging", &[PAY]),
        ("-environment:staging", &[LOWERED, HEALTH, GET, STOCK]),
        ("release:shop@1.4.2", &[GET]),
        ("cart.id:7", &[STOCK]),
        ("cart.id:9", &[]),
        ("has:cart.id", &[PAY, STOCK]),
        ("-has:cart.id", &[LOWERED, HEALTH, GET]),
        ("cart.id:>7", &[PAY]),
        ("cart.id:<=7", &[STOCK]),
        ("took:>1", &[STOCK]),
        ("-took:>1", &[LOWERED, HEALTH, GET, PAY]),
        ("url.path:/check*", &[GET]),
        ("url.path:*7", &[GET]),
        ("process.pid:26650", &[GET]),
        ("has:process.pid", &[GET]),
        ("26650", &[]),
        ("logger:shop", &[STOCK]),
        ("-stock -health", &[GET, PAY]),
        ("level:info -health", &[GET]),
        ("stock -project:jobs level:warn cart.id:7", &[STOCK]),
        ("-stock -pay -health -get", &[]),
        ("nowhere", &[]),
    ];
    for (query, expected) in table {
        assert_eq!(bench.bodies(query).await, *expected, "{query}");
    }
}

#[tokio::test]
async fn no_question_is_grammar_of_the_index() {
    let bench = filled().await;
    let hostile = [
        "\"",
        "\"\"",
        "*",
        "**",
        "a* b*",
        "(",
        ")",
        "(stock",
        "stock OR",
        "stock AND NOT",
        "NEAR(stock low)",
        "words:stock",
        "{words}:stock",
        "^stock",
        "stock + low",
        "'; drop table logs_lines; --",
        "stock\0low",
        "§l6",
        "-",
        "!",
        "-\"",
        ":",
        "a:",
        ":b",
        "level:",
        "level:,",
        "cart.id:\"",
        "\\",
        "\u{202e}",
        "🚀",
        "%s %d",
        "stock\" OR \"pay",
    ];
    for text in hostile {
        let query = bench.query(text).await;
        let leads = query.leads();
        let found = bench
            .house
            .cx
            .telemetry
            .read(move |r| store::places(r, leads.expression.as_deref(), Range { from: 0, to: i64::MAX }, 100))
            .await;
        assert!(found.is_ok(), "{text:?}: {:?}", found.err().map(|error| error.chain()));
    }
    assert_eq!(bench.bodies("\"stock\\\" OR \\\"pay\"").await, Vec::<String>::new(), "quotes do not end a string of the index");
    assert_eq!(bench.bodies("§l6").await, Vec::<String>::new(), "nobody asks for a property by writing its word");
}

#[tokio::test]
async fn hot_questions_walk_an_index_and_sort_nothing() {
    let bench = filled().await;
    let plans = bench
        .house
        .cx
        .telemetry
        .read(|r| {
            let led = r.explain(
                "select logs_lines.id, logs_lines.item_id, logs_lines.position, logs_lines.project_id, logs_lines.level from logs_words join logs_lines on logs_lines.id = logs_words.rowid \
                 where logs_words match ? and logs_words.rowid >= ? and logs_words.rowid < ? order by logs_words.rowid desc limit ?",
                rusqlite::params!["stock", 0, i64::MAX, 100],
            )?;
            let plain = r.explain("select id, level from logs_lines where id >= ? and id < ? order by id desc limit ?", rusqlite::params![0, i64::MAX, 100])?;
            Ok(format!("{led}\n{plain}"))
        })
        .await
        .unwrap();
    assert!(plans.contains("VIRTUAL TABLE INDEX"), "{plans}");
    assert!(plans.contains("SEARCH logs_lines USING INTEGER PRIMARY KEY (rowid=?)"), "{plans}");
    assert!(plans.contains("SEARCH logs_lines USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"), "{plans}");
    assert!(!plans.contains("TEMP B-TREE"), "{plans}");
    let hours = bench.house.cx.read(|r| r.explain(store::HOURS, rusqlite::params![0, 1, Option::<i64>::None])).await.unwrap();
    assert!(hours.contains("SEARCH logs_hours USING PRIMARY KEY (hour>? AND hour<?)"), "{hours}");
}

#[tokio::test]
async fn a_search_that_may_not_look_further_says_how_far_it_came() {
    let bench = Bench::new().await;
    for round in 0..6 {
        let lines: Vec<_> =
            (0..1_000).map(|number| line_with("info", f64::from(6_000 - round * 1_000 - number), "noise", json!({ "took": 1 }))).collect();
        bench.send(bench.web, &lines).await;
    }
    bench.house.digest().await;
    bench.log(&[line_with("info", 7_000.0, "noise", json!({ "took": 99 }))]).await;
    let first = bench.find("took:>50").await;
    assert_eq!((first.rows.len(), first.looked), (0, 5_000));
    let gave_up = first.gave_up_at.unwrap();
    assert!(bench.now().since(gave_up).as_secs() >= 4_990 && gave_up < bench.now(), "{gave_up}");
    let second = bench.find_page("took:>50", first.next, 100).await;
    assert_eq!((second.rows.len(), second.gave_up_at, second.next), (1, None, None), "it goes on where it stopped");
}

#[tokio::test]
async fn counts_agree_with_what_is_found_whichever_way_they_are_made() {
    use crate::find::count;
    use crate::model::{Span, Window};
    let bench = filled().await;
    for window in [Window::Hour, Window::Day] {
        for (text, total, bad) in [
            ("", 5, 2),
            ("level:info", 2, 2),
            ("project:web", 4, 1),
            ("stock", 2, 1),
            ("-level:info project:jobs", 1, 1),
            ("\"stock low\"", 1, 0),
        ] {
            let (query, span) = (bench.query(text).await, Span::until_now(window, bench.now()));
            let house = bench.house.cx.clone();
            let counts = tokio::task::spawn_blocking(move || count(&house, &query, &span)).await.unwrap().unwrap();
            let worse: u64 = counts.levels.iter().filter(|(level, _)| *level >= Level::Error).map(|(_, count)| count).sum();
            assert_eq!((counts.total(), worse), (total, bad), "{text} in {window:?}");
            assert_eq!(counts.is_at_most, text.starts_with('"'), "phrases are only told apart when they are shown");
        }
    }
    assert!(bench.now() > Time(0));
}
