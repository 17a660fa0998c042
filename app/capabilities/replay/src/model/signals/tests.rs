use super::*;

const START: i64 = 1_795_425_228_000;

fn at(ms: i64, what: What) -> Moment {
    Moment { at: Time(START + ms), what }
}

fn click(ms: i64, x: i32, y: i32) -> Moment {
    at(ms, What::Click { x, y, node: 7 })
}

fn target(ms: i64, tag: &str) -> Moment {
    at(ms, What::Target { node: 7, selector: format!("body > {tag}#x"), tag: tag.to_owned(), acts: matches!(tag, "a" | "button") })
}

fn page(ms: i64, path: &str) -> Moment {
    at(ms, What::Page { href: format!("https://shop.example{path}") })
}

fn load(ms: i64, path: &str, took: u32) -> Moment {
    at(ms, What::Navigation { from: String::new(), to: format!("https://shop.example{path}"), ms: took })
}

fn moved(ms: i64, to: &str) -> Moment {
    at(ms, What::Navigation { from: String::new(), to: to.to_owned(), ms: 0 })
}

fn lcp(ms: i64, value: f64) -> Moment {
    at(ms, What::Vital { name: "LCP".to_owned(), value, rating: String::new() })
}

fn fetched(ms: i64, method: &str) -> Moment {
    let text = String::new;
    at(ms, What::Network { method: method.to_owned(), url: text(), status: 200, ms: 1, request_bytes: 0, response_bytes: 0, kind: text() })
}

/// A click on a thing of this page, which is no button by its tag.
fn input(ms: i64, node: i64) -> Moment {
    at(ms, What::Target { node, selector: "form > input".to_owned(), tag: "input".to_owned(), acts: false })
}

fn slow_click(ms: i64, waited: u32, clicks: u32) -> Moment {
    at(ms, What::SlowClick { node: 7, selector: "body > button#x".to_owned(), ms: waited, clicks, timeout: true })
}

fn multi(ms: i64, clicks: u32) -> Moment {
    at(ms, What::MultiClick { node: 7, selector: "button#x".to_owned(), clicks })
}

#[test]
fn each_signal_by_its_rule() {
    use Kind::{Abandoned, Dead, Rage, Slow, UTurn};
    let focus = |ms| at(ms, What::Focus { node: 3 });
    let typed = |ms| at(ms, What::Input { node: 3 });
    let submit = |ms| at(ms, What::Submit);
    let mutation = |ms| at(ms, What::Mutation);
    let cases: Vec<(&str, Vec<Moment>, Vec<Kind>)> = vec![
        ("nothing", vec![], vec![]),
        ("three clicks in a second on a spot", vec![click(0, 10, 10), click(300, 12, 11), click(900, 14, 9)], vec![Rage]),
        ("three clicks in more than a second", vec![click(0, 10, 10), click(500, 10, 10), click(1_100, 10, 10)], vec![]),
        ("three clicks on different things", vec![click(0, 10, 10), click(200, 100, 10), click(400, 10, 100)], vec![]),
        ("six clicks are one rage", (0..6).map(|n| click(n * 200, 10, 10)).collect(), vec![Rage]),
        ("again after a while", (0..3).chain(50..53).map(|n| click(n * 200, 10, 10)).collect(), vec![Rage, Rage]),
        ("the SDK counted five", vec![multi(0, 5)], vec![Rage]),
        ("the SDK counted two", vec![multi(0, 2)], vec![]),
        ("what it counted is what was seen", vec![click(0, 1, 1), click(100, 1, 1), click(200, 1, 1), multi(210, 6)], vec![Rage]),
        ("nothing follows a click on a button", vec![target(0, "button")], vec![Dead]),
        ("nothing follows a click on a paragraph", vec![target(0, "p")], vec![]),
        ("nothing is seen here of a link that opens a tab", vec![target(0, "a")], vec![]),
        ("the SDK waited in vain for a link", vec![target(0, "a"), slow_click(0, 7_000, 1)], vec![Dead]),
        ("the page changes", vec![target(0, "button"), mutation(2_400)], vec![]),
        ("the page changes too late", vec![target(0, "button"), mutation(2_600)], vec![Dead]),
        ("the page changed before", vec![mutation(-50), target(0, "button")], vec![Dead]),
        ("something is fetched", vec![target(0, "button"), fetched(40, "GET")], vec![]),
        ("another page comes", vec![target(0, "a"), page(800, "/b")], vec![]),
        ("the address changes", vec![target(0, "a"), moved(10, "/b")], vec![]),
        ("the SDK waited in vain, and so did we", vec![slow_click(0, 7_000, 1), target(2, "button")], vec![Dead]),
        ("the SDK waited in vain", vec![slow_click(0, 7_000, 1)], vec![Dead]),
        ("the SDK waited a little", vec![slow_click(0, 3_500, 1)], vec![]),
        ("five clicks in vain are rage, too", vec![slow_click(0, 7_000, 5)], vec![Rage, Dead]),
        ("a paint after 4 s", vec![page(0, "/a"), lcp(4_100, 4_100.0)], vec![Slow]),
        ("a paint after 4 s, exactly", vec![page(0, "/a"), lcp(4_000, 4_000.0)], vec![]),
        ("a load of 5 s and its paint are one", vec![load(-5_000, "/a", 5_000), page(-100, "/a"), lcp(0, 4_800.0)], vec![Slow]),
        ("two slow pages", vec![page(0, "/a"), lcp(1, 5_000.0), page(20_000, "/b"), lcp(20_001, 5_000.0)], vec![Slow, Slow]),
        ("typed and left", vec![page(0, "/a"), focus(1), typed(2), page(30_000, "/b")], vec![Abandoned]),
        ("typed and ended", vec![page(0, "/a"), focus(1), typed(2)], vec![Abandoned]),
        ("typed and sent by the return key", vec![page(0, "/a"), focus(1), typed(2), submit(3), page(30_000, "/b")], vec![]),
        ("typed and a button", vec![page(0, "/a"), focus(1), typed(2), target(30, "button"), mutation(40), page(30_000, "/b")], vec![]),
        ("typed and a link", vec![page(0, "/a"), focus(1), typed(2), target(30, "a"), page(500, "/b")], vec![Abandoned]),
        (
            "typed and sent by a button that is an input",
            vec![page(0, "/a"), focus(1), typed(2), input(5_000, 9), page(30_000, "/b")],
            vec![],
        ),
        (
            "typed, and another field was gone to",
            vec![page(0, "/a"), focus(1), typed(2), input(5_000, 3), typed(6_000), page(30_000, "/b")],
            vec![Abandoned],
        ),
        (
            "what was a field on the page before is a button on this one",
            vec![page(0, "/"), typed(1), page(2, "/a"), at(3, What::Focus { node: 8 }), at(4, What::Input { node: 8 }), input(5_000, 3)],
            vec![],
        ),
        ("a search of which the next page is the answer", vec![page(0, "/a"), focus(1), typed(2), page(1_900, "/b")], vec![]),
        (
            "a search whose answer is slow to come",
            vec![page(0, "/a"), focus(1), typed(2), load(300, "/b", 3_000), page(3_200, "/b")],
            vec![],
        ),
        ("a search within the page", vec![page(0, "/a"), focus(1), typed(2), moved(400, "/b"), page(30_000, "/c")], vec![]),
        ("sent at once by a program", vec![page(0, "/a"), focus(1), typed(2), fetched(900, "POST"), page(30_000, "/b")], vec![]),
        ("looked up while it was typed", vec![page(0, "/a"), focus(1), typed(2), fetched(900, "GET"), page(30_000, "/b")], vec![Abandoned]),
        ("sent much later by something else", vec![page(0, "/a"), focus(1), typed(2), fetched(9_000, "POST")], vec![Abandoned]),
        ("filled in by a program", vec![page(0, "/a"), typed(2), page(30_000, "/b")], vec![]),
        ("back within 10 s", vec![page(0, "/a"), page(20_000, "/b"), page(29_000, "/a")], vec![UTurn]),
        ("back after 10 s", vec![page(0, "/a"), page(20_000, "/b"), page(31_000, "/a")], vec![]),
        ("back within a page", vec![page(0, "/a"), moved(20_000, "/b"), moved(21_000, "/a#top")], vec![UTurn]),
        ("the same page again", vec![page(0, "/a"), page(100, "/a"), page(200, "/a")], vec![]),
    ];
    for (name, moments, wanted) in cases {
        let found: Vec<Kind> = signals(&moments, Time(START + 60_000)).into_iter().map(|signal| signal.kind).collect();
        assert_eq!(found, wanted, "{name}");
    }
}

#[test]
fn a_click_at_the_very_end_is_not_called_dead() {
    let moments = [target(0, "button")];
    assert!(signals(&moments, Time(START + 2_000)).is_empty(), "what follows was not recorded");
    assert_eq!(signals(&moments, Time(START + 2_500)).len(), 1);
}

#[test]
fn whatever_times_are_told_nothing_overflows() {
    let at = |at: i64, what: What| Moment { at: Time(at), what };
    let mut moments = Vec::new();
    for time in [i64::MIN / 2, 0, i64::MAX / 2] {
        moments.push(at(time, What::Click { x: i32::MIN, y: i32::MAX, node: 1 }));
        moments.push(at(time, What::Target { node: 1, selector: String::new(), tag: "a".into(), acts: true }));
        moments.push(at(time, What::Page { href: "/".into() }));
    }
    let _ = signals(&moments, Time(i64::MAX / 2));
    assert_eq!(activity(&moments, Time(0), Time(1)).len(), ACTIVITY_PARTS);
    assert_eq!(activity(&moments, Time(5), Time(5)).len(), ACTIVITY_PARTS);
}

#[test]
fn activity_shows_where_something_went_on() {
    let busy = |ms, count| at(ms, What::Activity { count });
    let bars = activity(&[busy(0, 1), busy(47_999, 100)], Time(START), Time(START + 48_000));
    assert_eq!((bars[0], bars[1], bars[47]), (3, 0, 255));
}
