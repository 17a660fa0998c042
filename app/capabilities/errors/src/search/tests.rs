//! What is typed, and what is understood.

use proptest::prelude::*;

use super::*;

fn plain(field: Field) -> Term {
    Term { is_not: false, field }
}

fn not(field: Field) -> Term {
    Term { is_not: true, field }
}

fn text(text: &str) -> Field {
    Field::Text(text.to_owned())
}

fn tag(key: &str, value: &str) -> Field {
    Field::Tag(key.to_owned(), Pattern(value.to_owned()))
}

#[test]
fn conditions_words_quotes_and_negations_are_told_apart() {
    let cases: Vec<(&str, Vec<Term>)> = vec![
        ("", vec![]),
        ("  \t ", vec![]),
        ("!", vec![]),
        ("\"\"", vec![]),
        ("timeout", vec![plain(text("timeout"))]),
        ("time out", vec![plain(text("time")), plain(text("out"))]),
        ("\"time out\"", vec![plain(text("time out"))]),
        ("!timeout", vec![not(text("timeout"))]),
        ("!\"time out\"", vec![not(text("time out"))]),
        ("\"say \\\"hi\\\"\"", vec![plain(text("say \"hi\""))]),
        ("\"open to the end", vec![plain(text("open to the end"))]),
        ("is:open", vec![plain(Field::Is(Is::Open))]),
        ("IS:Unresolved", vec![plain(Field::Is(Is::Open))]),
        ("!is:ignored", vec![not(Field::Is(Is::Ignored))]),
        ("is:for_review", vec![plain(Field::Is(Is::New))]),
        ("level:warn", vec![plain(Field::Level("warning"))]),
        ("level:fatal !level:debug", vec![plain(Field::Level("fatal")), not(Field::Level("debug"))]),
        ("priority:HIGH", vec![plain(Field::Priority("high"))]),
        ("assigned:me", vec![plain(Field::Assigned(Assigned::Me))]),
        ("assigned:nobody", vec![plain(Field::Assigned(Assigned::Nobody))]),
        ("assigned:\"Ada L\"", vec![plain(Field::Assigned(Assigned::To("Ada L".into())))]),
        ("project:shop", vec![plain(Field::Project("shop".into()))]),
        ("release:shop@1.2.*", vec![plain(Field::Release(Pattern("shop@1.2.*".into())))]),
        ("user:\"Ada Lovelace\"", vec![plain(Field::User(Pattern("Ada Lovelace".into())))]),
        ("user:ada@example.com", vec![plain(Field::User(Pattern("ada@example.com".into())))]),
        ("environment:production", vec![plain(tag("environment", "production"))]),
        ("url:https://shop.example/cart", vec![plain(tag("url", "https://shop.example/cart"))]),
        ("tag:browser=Firefox", vec![plain(tag("browser", "Firefox"))]),
        ("tag:\"os name=Mac OS\"", vec![plain(tag("os name", "Mac OS"))]),
        ("browser.name:Firefox", vec![plain(tag("browser.name", "Firefox"))]),
        ("has:customer", vec![plain(Field::Has("customer".into()))]),
        ("!has:user", vec![not(Field::Has("user".into()))]),
        ("https://shop.example/cart", vec![plain(text("https://shop.example/cart"))]),
        ("std::panicking::panic", vec![plain(text("std::panicking::panic"))]),
        ("TypeError: x", vec![plain(text("TypeError:")), plain(text("x"))]),
        ("C:\\app\\main.py", vec![plain(text("C:\\app\\main.py"))]),
        ("\"is:open\"", vec![plain(text("is:open"))]),
        ("a a a", vec![plain(text("a"))]),
        ("x\u{0}y", vec![plain(text("xy"))]),
    ];
    for (typed, terms) in cases {
        let search = Search::parse(typed);
        assert_eq!(search.terms, terms, "{typed:?}");
        assert!(search.problems.is_empty(), "{typed:?}: {:?}", search.problems);
    }
}

#[test]
fn what_is_not_understood_is_said_and_the_rest_still_counts() {
    for (typed, said) in [
        ("is:weird cart", "“is:” takes one of open, new"),
        ("level:loud cart", "“level:” takes one of fatal"),
        ("priority:1 cart", "“priority:” takes one of high, medium, low"),
        ("level: cart", "“level:” needs a value"),
        ("tag:browser cart", "tag:browser=Firefox"),
        ("tag:=x cart", "tag:browser=Firefox"),
    ] {
        let search = Search::parse(typed);
        assert_eq!(search.terms, [plain(text("cart"))], "{typed}");
        assert!(search.problems.len() == 1 && search.problems[0].contains(said), "{typed}: {:?}", search.problems);
    }
}

#[test]
fn a_flood_of_conditions_is_cut_and_said() {
    let flood: Vec<String> = (0..100).map(|number| format!("w{number}")).collect();
    let search = Search::parse(&flood.join(" "));
    assert_eq!(search.terms.len(), MAX_TERMS);
    assert_eq!(search.problems, ["Only the first 20 conditions are used."]);
    let long = Search::parse(&format!("user:{}", "x".repeat(900)));
    assert!(matches!(&long.terms[0].field, Field::User(pattern) if pattern.0.len() == MAX_VALUE));
}

#[test]
fn a_long_tag_survives_being_written_back() {
    let search = Search::parse(&format!("plan:{}", "x".repeat(300)));
    assert!(matches!(&search.terms[0].field, Field::Tag(key, pattern) if key == "plan" && pattern.0.len() == MAX_VALUE));
    assert_eq!(Search::parse(&search.to_string()).terms, search.terms);
}

#[test]
fn a_star_is_anything_and_the_signs_of_like_are_themselves() {
    assert_eq!(Pattern("a*b".into()).like(), "a%b");
    assert_eq!(Pattern("100%_\\".into()).like(), "100\\%\\_\\\\");
    assert!(Pattern("a_b".into()).is_exact() && !Pattern("a*".into()).is_exact());
}

#[test]
fn a_state_in_the_search_is_known_to_be_one() {
    assert!(Search::parse("is:resolved").has_state() && Search::parse("!is:new").has_state());
    assert!(!Search::parse("is:unassigned level:error open").has_state());
}

proptest! {
    #[test]
    fn whatever_is_typed_is_read_without_harm_and_written_back_as_the_same(typed in ".{0,300}") {
        let search = Search::parse(&typed);
        prop_assert!(search.terms.len() <= MAX_TERMS);
        let again = Search::parse(&search.to_string());
        prop_assert!(again.problems.is_empty(), "{:?}", again.problems);
        prop_assert_eq!(again.terms, search.terms);
    }

    #[test]
    fn queries_made_of_their_own_signs_survive_too(typed in "[a-z:!\"\\\\=* ./]{0,80}") {
        let search = Search::parse(&typed);
        prop_assert_eq!(Search::parse(&search.to_string()).terms, search.terms);
    }
}
