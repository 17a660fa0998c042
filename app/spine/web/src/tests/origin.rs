//! Cross-site requests: every access, caller and header combination, in the pure decision and through the door.

use super::*;
use crate::Access;
use crate::origin::{Origin, needs_same_origin, origin_of};

const PUBLIC: &str = "https://hermetic.example";
const KEY_ROUTE: Access = Access::Api { scope: "things:write", role: Role::Member };

/// Header lines and where they say the request came from. The host is always `status.example:8443`.
const TABLE: [(&[(&str, &str)], Origin); 22] = [
    (&[], Origin::Unknown),
    (&[("sec-fetch-site", "same-origin")], Origin::Same),
    (&[("sec-fetch-site", "none")], Origin::Same),
    (&[("sec-fetch-site", "same-site")], Origin::Foreign),
    (&[("sec-fetch-site", "cross-site")], Origin::Foreign),
    (&[("sec-fetch-site", "something-new")], Origin::Foreign),
    (&[("sec-fetch-site", "cross-site"), ("origin", PUBLIC)], Origin::Foreign),
    (&[("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")], Origin::Same),
    (&[("origin", PUBLIC)], Origin::Same),
    (&[("origin", "HTTPS://Hermetic.Example")], Origin::Same),
    (&[("origin", "http://hermetic.example")], Origin::Foreign),
    (&[("origin", "https://hermetic.example:444")], Origin::Foreign),
    (&[("origin", "https://status.example:8443")], Origin::Same),
    (&[("origin", "http://STATUS.example:8443")], Origin::Same),
    (&[("origin", "https://status.example")], Origin::Foreign),
    (&[("origin", "https://status.example:8443.evil.example")], Origin::Foreign),
    (&[("origin", "https://evil.example/status.example:8443")], Origin::Foreign),
    (&[("origin", "ftp://status.example:8443")], Origin::Foreign),
    (&[("origin", "https://evil.example")], Origin::Foreign),
    (&[("origin", "status.example:8443")], Origin::Foreign),
    (&[("origin", "null")], Origin::Foreign),
    (&[("origin", "")], Origin::Foreign),
];

fn headers(lines: &[(&str, &str)], host: &str) -> HeaderMap {
    let mut headers: HeaderMap =
        lines.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap())).collect();
    headers.insert("host", HeaderValue::from_str(host).unwrap());
    headers
}

#[test]
fn reads_where_a_request_came_from() {
    for (lines, wanted) in TABLE {
        assert_eq!(origin_of(&headers(lines, "status.example:8443"), PUBLIC), wanted, "{lines:?}");
    }
    for (origin, host) in
        [("https://a.example", "a.example:443"), ("https://a.example:443", "A.example"), ("http://a.example", "a.example:80")]
    {
        assert_eq!(origin_of(&headers(&[("origin", origin)], host), PUBLIC), Origin::Same, "{origin} {host}");
    }
}

#[test]
fn asks_for_an_origin_only_where_a_cookie_or_form_could_be_abused() {
    let member = Actor::Member { id: MemberId(1), name: "Ada".into(), role: Role::Owner, login: LoginId(1) };
    let key = Actor::Key { id: ApiKeyId(1), name: "deploy".into(), role: Role::Owner };
    for (access, of_visitor, of_member, of_key) in [
        (Access::Anyone, true, true, true),
        (Access::Open, false, false, false),
        (Access::Rank(Role::Viewer), true, true, true),
        (KEY_ROUTE, true, true, false),
    ] {
        for (actor, wanted) in [(&Actor::Visitor, of_visitor), (&member, of_member), (&key, of_key)] {
            for method in ["POST", "PUT", "PATCH", "DELETE", "PURGE"] {
                assert_eq!(needs_same_origin(&method.parse().unwrap(), access, actor), wanted, "{method} {access:?} {actor:?}");
            }
            for method in ["GET", "HEAD", "OPTIONS"] {
                assert!(!needs_same_origin(&method.parse().unwrap(), access, actor), "{method} {access:?}");
            }
        }
    }
}

#[tokio::test]
async fn the_door_refuses_foreign_and_unknown_origins() {
    let site = Site::start(|routes| {
        routes.post("/anyone", Access::Anyone, async || "done");
        routes.post("/open", Access::Open, async || "done");
        routes.post("/rank", Access::Rank(Role::Viewer), async || "done");
        routes.post("/api/v1/things", KEY_ROUTE, async || "done");
    })
    .await;
    let callers = [("/anyone", "visitor"), ("/anyone", "member"), ("/open", "visitor"), ("/open", "member"), ("/rank", "member")];
    for (path, actor) in callers.into_iter().chain([("/api/v1/things", "member"), ("/api/v1/things", "key")]) {
        for (lines, origin) in TABLE {
            let is_exempt = path == "/open" || actor == "key";
            let wanted = if is_exempt || origin == Origin::Same { 200 } else { 403 };
            let mut request = call("POST", path).with("host", "status.example:8443").with("x-actor", actor);
            for (name, value) in lines {
                request = request.with(name, value);
            }
            let got = request.send(&site).await;
            assert_eq!(got.code, wanted, "{actor} {path} {lines:?}");
        }
    }
}
