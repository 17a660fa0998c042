use super::*;

const START: i64 = 1_795_425_228_000;

fn read(events: &[String]) -> Content {
    content(&format!("[{}]", events.join(","))).unwrap()
}

fn incremental(ms: i64, data: &str) -> String {
    format!(r#"{{"type":3,"data":{{{data}}},"timestamp":{}}}"#, START + ms)
}

fn whats(content: &Content) -> Vec<(i64, &What)> {
    content.moments.iter().map(|moment| (moment.at.0 - START, &moment.what)).collect()
}

#[test]
fn times_in_seconds_and_in_milliseconds_are_the_same() {
    assert_eq!(time_of(1_795_425_228.115_6), Time(1_795_425_228_116));
    assert_eq!(time_of(1_795_425_228_116.0), Time(1_795_425_228_116));
    let span = r#"{"type":5,"timestamp":1795425228.5,"data":{"tag":"performanceSpan","payload":{"op":"resource.fetch","description":"/api","startTimestamp":1795425228.5,"endTimestamp":1795425228.75,"data":{"method":"POST","statusCode":201,"request":{"size":5},"response":{"size":921}}}}}"#;
    let read = read(&[incremental(600, r#""source":0"#), span.to_owned()]);
    let network = What::Network {
        method: "POST".into(),
        url: "/api".into(),
        status: 201,
        ms: 250,
        request_bytes: 5,
        response_bytes: 921,
        kind: "fetch".into(),
    };
    assert_eq!(whats(&read), [(500, &network), (600, &What::Mutation)]);
    assert_eq!(read.span, Some((Time(START + 600), Time(START + 600))), "a span is not played");
}

#[test]
fn what_a_segment_holds_is_counted() {
    let read = read(&[
        format!(r#"{{"type":4,"data":{{"href":"https://shop.example/a","width":1}},"timestamp":{START}}}"#),
        format!(r#"{{"type":2,"data":{{"node":{{"type":0,"childNodes":[],"id":1}}}},"timestamp":{}}}"#, START + 1),
        incremental(50, r#""source":2,"type":2,"id":43,"x":84.9,"y":276.1"#),
        incremental(60, r#""source":5,"text":"*","isChecked":false,"id":58"#),
        incremental(70, r#""source":5,"text":"**","isChecked":false,"id":58"#),
        "7".to_owned(),
        r#"{"type":"x"}"#.to_owned(),
    ]);
    assert_eq!((read.events, read.has_snapshot, read.page.as_str()), (5, true, "https://shop.example/a"));
    assert_eq!(read.span, Some((Time(START), Time(START + 70))));
    let page = What::Page { href: "https://shop.example/a".to_owned() };
    let (click, activity) = (What::Click { x: 84, y: 276, node: 43 }, What::Activity { count: 5 });
    let found = whats(&read);
    assert_eq!(found[1..], [(0, &page), (50, &click), (60, &What::Input { node: 58 })], "keys of one field are one input for a second");
    assert_eq!(found[0].1, &activity);
}

#[test]
fn changes_are_thinned_out_except_those_that_a_click_made() {
    let changes = |times: &[i64]| times.iter().map(|ms| incremental(*ms, r#""source":0"#)).collect::<Vec<_>>();
    let times =
        |read: &Content| -> Vec<i64> { whats(read).iter().filter(|(_, what)| **what == What::Mutation).map(|(ms, _)| *ms).collect() };
    assert_eq!(times(&read(&changes(&[0, 10, 249, 250, 260, 600]))), [0, 250, 600]);
    let mut events = changes(&[0]);
    events.push(incremental(20, r#""source":2,"type":2,"id":1,"x":1,"y":1"#));
    events.extend(changes(&[40, 60]));
    assert_eq!(times(&read(&events)), [0, 40]);
}

#[test]
fn hostile_values_change_nothing_but_themselves() {
    for odd in [
        r#"{"type":3,"timestamp":1e308,"data":{"source":0}}"#,
        r#"{"type":3,"timestamp":-1,"data":{"source":0}}"#,
        r#"{"type":3,"timestamp":1795425228000,"data":{"source":2,"type":1e99,"id":-1e99}}"#,
        r#"{"type":3,"timestamp":1795425228000,"data":{"source":300}}"#,
        r#"{"type":3,"timestamp":1795425228000,"data":null}"#,
        r#"{"type":5,"timestamp":1795425228000,"data":{"tag":"breadcrumb","payload":[]}}"#,
        r#"{"type":5,"timestamp":1795425228000,"data":{"tag":"performanceSpan","payload":{"op":"web-vital","data":{"value":"x"}}}}"#,
        r#"{"type":3,"type":2,"timestamp":1}"#,
        r#"[]"#,
    ] {
        let read = read(&[odd.to_owned(), incremental(5, r#""source":0"#)]);
        assert!(whats(&read).contains(&(5, &What::Mutation)), "{odd}");
        assert!(read.span.is_some_and(|(from, to)| from.0 >= START && to.0 <= START + 5), "{odd}");
    }
    assert!(content("{}").is_err() && content("[").is_err() && content("[] x").is_err());
}

#[test]
fn moments_of_one_segment_have_an_end_and_so_have_their_texts() {
    let crumb = format!(
        r#"{{"type":5,"timestamp":{START},"data":{{"tag":"breadcrumb","payload":{{"category":"console","message":"{}"}}}}}}"#,
        "ä".repeat(5_000)
    );
    let read = read(&vec![crumb; MOST + 100]);
    assert_eq!(read.moments.len(), MOST);
    let What::Console { message, level } = &read.moments[0].what else { panic!("no line") };
    assert!(message.chars().count() <= LONGEST + 1 && level == "log");
}

#[test]
fn what_is_deep_is_passed_over_without_a_stack() {
    let deep = format!(r#"[{{"type":2,"data":{{"node":{}{}}},"timestamp":{START}}}]"#, r#"{"a":["#.repeat(100_000), "]}".repeat(100_000));
    assert!(content(&deep).unwrap().has_snapshot);
}
