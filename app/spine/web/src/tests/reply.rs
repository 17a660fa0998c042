//! Redirects that stay here and notices that are shown once.

use super::*;
use crate::{Access, Flash, Html, same_site_path, see_other, see_other_with};

#[test]
fn a_redirect_never_leaves_the_site() {
    for (to, location) in [
        ("/monitors/3?tab=checks#last", "/monitors/3?tab=checks#last"),
        ("/", "/"),
        ("/käse and more", "/k%C3%A4se%20and%20more"),
        ("//evil.example", "/"),
        ("///evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/a\\b", "/"),
        ("https://evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("evil.example", "/"),
        ("", "/"),
        ("/a\r\nset-cookie: x=1", "/"),
        ("/\t/evil.example", "/"),
        ("/\n/evil.example", "/"),
        (" /a", "/"),
    ] {
        let response = see_other(to);
        assert_eq!((response.status().as_u16(), response.headers()["location"].to_str().unwrap()), (303, location), "{to:?}");
        assert_eq!(same_site_path(to).is_some(), location != "/" || to == "/", "{to:?}");
    }
}

fn routes_with_a_notice(routes: &mut Routes<State>) {
    routes.post("/act", Access::Anyone, async || see_other_with("/page", "Saved: “ä; b”, done.\r\n"));
    routes.get("/page", Access::Anyone, async |flash: Flash| Html(flash.0.unwrap_or_else(|| "nothing".into())));
    routes.get("/silent", Access::Anyone, async || Html("does not look".into()));
    routes.get("/data", Access::Anyone, async |_: Flash| "not a page");
}

#[tokio::test]
async fn a_notice_survives_one_redirect_and_is_shown_once() {
    let site = Site::start(routes_with_a_notice).await;
    let acted = call("POST", "/act").own().send(&site).await;
    let set = acted.header("set-cookie");
    assert_eq!((acted.code, acted.header("location")), (303, "/page"));
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax") && set.contains("Path=/") && set.contains("Max-Age=60"), "{set}");
    let cookie = set.split(';').next().unwrap();
    for path in ["/silent", "/data", "/missing"] {
        let other = call("GET", path).with("cookie", cookie).send(&site).await;
        assert_eq!(other.header("set-cookie"), "", "{path} must leave the notice");
    }
    let shown = call("GET", "/page").with("cookie", &format!("a=1; {cookie}")).send(&site).await;
    assert_eq!(shown.text().trim_end(), "Saved: “ä; b”, done.");
    assert!(shown.header("set-cookie").starts_with("flash=;") && shown.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(site.get("/page").await.text(), "nothing");
}
