//! What is decided without asking anybody, as tables.

use ingest::{Item, Kind};
use kernel::Time;
use kernel::ids::ProjectId;
use serde_json::json;

use super::support::{container, span, trace, with};
use crate::model::cell::Cell;
use crate::model::family::Family;
use crate::model::query::normalised;
use crate::model::read;
use crate::model::text::parameterised;
use crate::model::vital::{Rating, Vital};
use crate::model::window::{Folded, Grain, Period, Piece, cover};

#[test]
fn names_lose_their_ids_and_nothing_else() {
    let cases = [
        ("GET /users/12", "GET /users/*"),
        ("/users/12/orders/7f3b9c2e", "/users/*/orders/*"),
        ("/a/7c9e6679-7425-40de-944b-e07fc1f90ae7/b", "/a/*/b"),
        ("https://shop.example/cart/99?coupon=x#top", "/cart/*"),
        ("https://shop.example", "/"),
        ("/api/v2/things", "/api/v2/things"),
        ("/static/page.html", "/static/page.html"),
        ("/assets/app.3f2a9c81d4.js", "/assets/*"),
        ("/orders/order-20261123", "/orders/*"),
        ("/by-mail/ada@example.com", "/by-mail/*"),
        ("/2026/11/23/title-of-the-day", "/*/*/*/title-of-the-day"),
        ("/token/eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9", "/token/*"),
        ("do_checkout", "do_checkout"),
        ("/über/straße", "/über/straße"),
        ("", ""),
    ];
    for (name, wanted) in cases {
        assert_eq!(parameterised(name), wanted, "{name}");
    }
    assert_eq!(parameterised(&"x/".repeat(5_000)).chars().count(), 200);
}

#[test]
fn statements_lose_their_values_and_nothing_else() {
    let cases = [
        ("", "SELECT * FROM t WHERE id = 12", "SELECT * FROM t WHERE id = ?"),
        ("", "select a from t1 where b='it''s' and c = 1.5e3", "select a from t1 where b=? and c = ?"),
        ("", "select 1 where x in (1, 2,3 , 'four')", "select ? where x in (?)"),
        ("", "insert into t (a, b) values (?, ?), (?, ?), (?, ?)", "insert into t (a, b) values (?)"),
        ("postgresql", "select * from items where order_id = $1 and x = :name", "select * from items where order_id = ? and x = ?"),
        ("postgresql", "select $tag$a 'b' c$tag$::text, \"Col 1\"", "select ?::text, \"Col 1\""),
        ("mysql", "select `a` from t where b = \"text\" # why", "select `a` from t where b = ?"),
        ("", "select a -- not 12\n from t /* nor 13 */ where b = 14", "select a from t where b = ?"),
        ("", "select %s, %(name)s, @p1", "select ?, ?, ?"),
        ("", "select E'a\\'b', x'00ff'", "select ?, ?"),
        ("redis", "get user:12", "GET ?"),
        ("redis", "PING", "PING"),
        ("", "select 'never ends", "select ?"),
        ("", "  select\n\t  a ,b  ", "select a ,b"),
        ("postgresql", "select 'C:\\' as a, 'secret'", "select ? as a, ?"),
        ("postgresql", "select E'it\\'s', 'secret'", "select ?, ?"),
        ("mysql", "select 'it\\'s', 'secret'", "select ?, ?"),
        ("sqlite", "select a from t where b = ?1 and c in (?2, ?3)", "select a from t where b = ? and c in (?)"),
        ("", "select a from t where b = -1 and c in (-1, 2) and d > a-1", "select a from t where b = ? and c in (?) and d > a-?"),
        ("postgresql", "SAVEPOINT \"s140704_x7\"", "SAVEPOINT \"s?_x?\""),
        ("postgresql", "RELEASE SAVEPOINT s140704_x12", "RELEASE SAVEPOINT s?_x?"),
        (
            "mongodb",
            r#"{"find": "users", "filter": {"mail": "bob@example.com", "age": {"$gt": 3}}}"#,
            r#"{"filter":{"age":{"$gt":?},"mail":?},"find":"users"}"#,
        ),
        (
            "mongodb",
            r#"{"insert": "users", "documents": [{"a": 1}, {"a": "x"}, {"b": [1, 2, "c"]}]}"#,
            r#"{"documents":[{"a":?},{"b":[?]}],"insert":"users"}"#,
        ),
        ("elasticsearch", r#"{"query": {"match": {"mail": "bob@example.com"}"#, "{?: {?: {?: ?}"),
        ("", "", ""),
    ];
    for (system, text, wanted) in cases {
        assert_eq!(normalised(text, system), wanted, "{text}");
    }
    for nasty in ["$", "$a", "'", "\"", "`", "/*", "--", "%(", "(?", "((((((", "É'", "$é$x"] {
        let _ = normalised(nasty, "postgresql");
        let _ = normalised(nasty, "mysql");
    }
}

#[test]
fn vitals_are_rated_by_the_thresholds_of_the_web() {
    let cases = [
        (Vital::Lcp, 2_500.0, Rating::Good),
        (Vital::Lcp, 4_000.0, Rating::NeedsImprovement),
        (Vital::Lcp, 4_001.0, Rating::Poor),
        (Vital::Inp, 200.0, Rating::Good),
        (Vital::Inp, 501.0, Rating::Poor),
        (Vital::Cls, 0.1, Rating::Good),
        (Vital::Cls, 0.2, Rating::NeedsImprovement),
        (Vital::Cls, 0.3, Rating::Poor),
        (Vital::Fcp, 1_801.0, Rating::NeedsImprovement),
        (Vital::Ttfb, 1_800.0, Rating::NeedsImprovement),
    ];
    for (vital, value, wanted) in cases {
        assert_eq!(vital.rate(value), wanted, "{vital:?} {value}");
    }
    assert_eq!((Vital::Lcp.micros(f64::NAN), Vital::Cls.micros(-1.0), Vital::Inp.micros(1e12)), (None, None, None));
    assert_eq!(Vital::Cls.micros(0.125), Some(125_000));
    assert_eq!(Vital::Cls.write(0.125), "0.125");
}

#[test]
fn apdex_counts_those_who_bear_it_by_half() {
    let mut cell = Cell::default();
    for (millis, count) in [(100_u64, 6), (500, 1), (501, 1), (2_000, 1), (2_001, 1)] {
        for _ in 0..count {
            cell.add(millis * 1_000, 1.0, false, None);
            cell.add_patience(millis * 1_000, 500_000);
        }
    }
    assert_eq!((cell.satisfied, cell.tolerating, cell.n), (7, 2, 10));
    assert!((cell.apdex() - 0.8).abs() < 1e-9);
    assert_eq!(Cell::default().apdex(), 0.0, "nobody is no division by zero");
}

#[test]
fn a_window_is_covered_once_by_the_longest_rows_there_are() {
    const HOUR: i64 = 3_600_000;
    let day = 20_000 * 24 * HOUR;
    let piece = |grain, from, to| Piece { grain, from: Time(from), to: Time(to) };
    let folded = Folded { hours: Time(day + 34 * HOUR), days: Time(day + 24 * HOUR) };
    // From 22:00 of the day before, over a whole day and some hours, to 10:30 of the day that runs.
    let pieces = cover(Time(day - 2 * HOUR), Time(day + 34 * HOUR + HOUR / 2), folded);
    assert_eq!(
        pieces,
        [
            piece(Grain::Hour, day - 2 * HOUR, day),
            piece(Grain::Day, day, day + 24 * HOUR),
            piece(Grain::Hour, day + 24 * HOUR, day + 34 * HOUR),
            piece(Grain::Minute, day + 34 * HOUR, day + 34 * HOUR + HOUR / 2),
        ]
    );
    assert_eq!(cover(Time(day), Time(day + 3 * HOUR), Folded::default()), [piece(Grain::Minute, day, day + 3 * HOUR)]);
    assert_eq!(cover(Time(day), Time(day), folded), []);
    for period in Period::ALL {
        let window = period.window(Time(day + 12_345_678));
        let pieces = cover(window.previous().from, window.to, folded);
        assert!(pieces.windows(2).all(|pair| pair[0].to == pair[1].from), "no hole and no overlap: {pieces:?}");
        assert_eq!((pieces[0].from, pieces[pieces.len() - 1].to), (window.previous().from, window.to));
    }
}

#[test]
fn outcomes_decide_what_failed() {
    let item = |kind| Item::sample(1, ProjectId(1), kind, Time(0), b"{}");
    let transaction = |outcome: &str, code: u16| {
        json!({"transaction": "a", "start_timestamp": 1_772_452_800, "timestamp": 1_772_452_801,
               "contexts": {"trace": {"trace_id": trace(1), "span_id": "00000000000000aa", "op": "http.server", "status": outcome,
                                      "data": {"http.response.status_code": code}}}})
    };
    let cases = [
        ("ok", 200, false),
        ("cancelled", 499, false),
        ("unknown", 200, false),
        ("", 200, false),
        ("ok", 503, true),
        ("internal_error", 500, true),
        ("deadline_exceeded", 200, true),
        ("not_found", 404, false),
        ("permission_denied", 0, false),
        ("internal_error", 404, false),
        ("unavailable", 0, true),
    ];
    for (outcome, code, wanted) in cases {
        let payload = transaction(outcome, code);
        assert_eq!(read::spans(&item(Kind::Transaction), &payload)[0].is_failed, wanted, "{outcome} {code}");
    }
    for (outcome, code, wanted) in [
        ("ok", 200, false),
        ("error", 200, true),
        ("ok", 404, false),
        ("error", 404, false),
        ("ok", 500, true),
        ("internal_error", 200, true),
    ] {
        let mut streamed = with(span(1, 1, 0, "GET /", "http.server", 0.0, 1.0), "http.response.status_code", code);
        streamed["status"] = json!(outcome);
        let payload = container(vec![streamed]);
        assert_eq!(read::spans(&item(Kind::Spans), &payload)[0].is_failed, wanted, "{outcome} {code}");
    }
}

/// Who asks another server for what is not there has made a mistake of his own.
#[test]
fn a_refused_request_is_a_failure_of_the_one_who_asked() {
    let item = Item::sample(1, ProjectId(1), Kind::Spans, Time(0), b"{}");
    let mut asked = with(span(1, 1, 0, "GET /", "http.client", 0.0, 1.0), "http.response.status_code", 404);
    asked["status"] = json!("error");
    let payload = container(vec![asked]);
    assert!(read::spans(&item, &payload)[0].is_failed);
}

#[test]
fn a_value_that_contradicts_its_declared_type_is_not_there() {
    let item = Item::sample(1, ProjectId(1), Kind::Spans, Time(0), b"{}");
    let mut lying = span(1, 1, 0, "GET /", "http.server", 0.0, 1.0);
    for (name, attribute) in [
        ("http.response.status_code", json!({"value": "500", "type": "integer"})),
        ("sentry.release", json!({"value": 17, "type": "string"})),
        ("http.request.method", json!({"value": "POST", "type": "wonder"})),
        ("sentry.environment", json!({"value": "production"})),
        ("integrations", json!({"value": ["Http"], "type": "string[]"})),
    ] {
        lying["attributes"][name] = attribute;
    }
    let payload = container(vec![lying]);
    let spans = read::spans(&item, &payload);
    assert_eq!((spans[0].code, spans[0].release, spans[0].method, spans[0].environment), (None, "", "", "production"));
    let shown = read::attributes(spans[0].raw, 100);
    assert!(shown.iter().all(|(name, _)| *name != "sentry.release"), "{shown:?}");
    assert!(shown.iter().any(|(name, value)| (*name, value.as_ref()) == ("integrations", "[\"Http\"]")), "{shown:?}");
}

#[test]
fn open_telemetry_spans_get_their_operation_from_kind_and_attributes() {
    let item = Item::sample(1, ProjectId(1), Kind::Spans, Time(0), b"{}");
    let bare = |attributes: &[(&str, &str)]| {
        let mut own = span(1, 1, 0, "x", "", 0.0, 1.0);
        own["attributes"] = json!({});
        attributes.iter().fold(own, |own, (name, value)| with(own, name, *value))
    };
    let cases = [
        (vec![("sentry.kind", "server"), ("http.request.method", "GET")], "http.server"),
        (vec![("sentry.kind", "client"), ("http.request.method", "GET")], "http.client"),
        (vec![("sentry.kind", "client"), ("db.system.name", "postgresql"), ("db.query.text", "select 1")], "db"),
        (vec![("sentry.kind", "consumer")], "queue.process"),
        (vec![], ""),
    ];
    for (attributes, wanted) in cases {
        let payload = container(vec![bare(&attributes)]);
        assert_eq!(read::spans(&item, &payload)[0].op, wanted, "{attributes:?}");
    }
}

#[test]
fn operations_decide_the_family() {
    for (op, wanted) in [
        ("http.server", Family::Endpoint),
        ("grpc.server", Family::Endpoint),
        ("pageload", Family::Page),
        ("navigation", Family::Page),
        ("http.client", Family::Other),
        ("queue.task.celery", Family::Other),
        ("", Family::Other),
    ] {
        assert_eq!(Family::of_root(op), wanted, "{op}");
    }
    assert!(Family::ALL.iter().all(|family| Family::from_code(family.code()) == Some(*family)));
}
