use super::*;
use kernel::Role;
use std::time::Duration;

#[tokio::test]
async fn the_first_owner_needs_the_link_and_is_offered_the_second_factor() {
    let house = house().await;
    let mut browser = Browser::new(&house);
    assert!(browser.get("/").await.expect(200).body.contains("hermetic member setup-link"));
    assert_eq!(browser.get("/sign-in").await.expect(303).location(), "/");
    for path in ["/set-up", "/set-up?token=guess"] {
        let page = browser.get(path).await.expect(403).body;
        assert!(page.contains("hermetic member setup-link"), "{page}");
    }
    let fields = [("token", "guess"), ("name", "Eve"), ("email", "eve@example.com"), ("password", PASSWORD)];
    browser.post("/set-up", &fields).await.expect(403);

    let token = setup_token(&house).await;
    assert!(browser.get(&format!("/set-up?token={token}")).await.expect(200).body.contains(&token));
    let answer = browser.post("/set-up", &[("token", &token), ("name", "Ada"), ("email", EMAIL), ("password", PASSWORD)]).await.expect(303);
    assert_eq!(answer.location(), "/console/profile/second-factor?next=/console");
    assert!(browser.get(answer.location()).await.expect(200).body.contains("authenticator app"));
    assert!(browser.get("/console").await.expect(200).body.contains("Ada"));
    assert_eq!(browser.get("/").await.expect(303).location(), "/console");

    let again = Browser::new(&house).get(&format!("/set-up?token={token}")).await.expect(403);
    assert!(again.body.contains("There is an owner already"));
}

#[tokio::test]
async fn a_set_up_form_with_mistakes_keeps_what_was_typed_and_the_link() {
    let house = house().await;
    let token = setup_token(&house).await;
    let mut browser = Browser::new(&house);
    let page = browser
        .post("/set-up", &[("token", &token), ("name", "Ada L."), ("email", "nowhere"), ("password", "short")])
        .await
        .expect(422)
        .body;
    assert_eq!(input_value(&page, "name"), "Ada L.");
    assert_eq!(input_value(&page, "email"), "nowhere");
    assert!(page.contains("at least 10 characters") && page.contains("name@example.com") && !page.contains("short\""), "{page}");
    browser.post("/set-up", &[("token", &token), ("name", "Ada"), ("email", EMAIL), ("password", PASSWORD)]).await.expect(303);
}

#[tokio::test]
async fn signing_in_leads_to_the_page_that_was_wanted_and_never_to_another_site() {
    let house = house().await;
    owner(&house).await;
    let wanted = house.visitor().get("/console/deliveries?state=dead").await.expect(303);
    assert_eq!(wanted.location(), "/sign-in?next=%2Fconsole%2Fdeliveries%3Fstate%3Ddead");
    for (next, target) in [
        ("/console/deliveries?state=dead", "/console/deliveries?state=dead"),
        ("//evil.example/", "/console"),
        ("/\\evil.example", "/console"),
        ("https://evil.example/", "/console"),
        ("javascript:alert(1)", "/console"),
        ("/\t/evil.example", "/console"),
        ("", "/console"),
    ] {
        let mut browser = Browser::new(&house);
        let answer = browser.post("/sign-in", &[("email", EMAIL), ("password", PASSWORD), ("next", next)]).await.expect(303);
        assert_eq!(answer.location(), target, "{next}");
        house.clock.advance(Duration::from_secs(60));
    }
}

#[tokio::test]
async fn a_wrong_password_keeps_the_address_and_tells_nobody_who_exists() {
    let house = house().await;
    owner(&house).await;
    let mut browser = Browser::new(&house);
    let wrong = browser.post("/sign-in", &[("email", EMAIL), ("password", "not this one at all")]).await.expect(422).body;
    let unknown = browser.post("/sign-in", &[("email", "eve@example.com"), ("password", "not this one at all")]).await.expect(422).body;
    assert_eq!(input_value(&wrong, "email"), EMAIL);
    assert_eq!(wrong.replace(EMAIL, ""), unknown.replace("eve@example.com", ""));
    assert!(!wrong.contains("not this one at all"));
    assert!(browser.cookies.is_empty());
}

#[tokio::test]
async fn guessing_is_stopped_per_address_and_per_member_and_recovers_with_time() {
    let house = house().await;
    owner(&house).await;
    let mut browser = Browser::new(&house);
    for _ in 0..10 {
        browser.post("/sign-in", &[("email", EMAIL), ("password", "wrong wrong wrong")]).await.expect(422);
    }
    let answer = browser.post("/sign-in", &[("email", EMAIL), ("password", PASSWORD)]).await.expect(429);
    assert!(!answer.header("retry-after").is_empty());
    house.clock.advance(Duration::from_secs(301));
    browser.post("/sign-in", &[("email", EMAIL), ("password", PASSWORD)]).await.expect(303);
}

#[tokio::test]
async fn signing_out_ends_the_login_and_not_only_the_cookie() {
    let house = house().await;
    let mut browser = owner(&house).await;
    let stolen = browser.cookies.clone();
    assert_eq!(browser.post("/sign-out", &[("x", "")]).await.expect(303).location(), "/sign-in");
    assert!(!browser.cookies.contains_key("hermetic_login"));
    let mut thief = Browser { cookies: stolen, ..Browser::new(&house) };
    thief.get("/console").await.expect(303);
    assert!(browser.get("/sign-in").await.expect(200).body.contains("You are signed out."));
}

#[tokio::test]
async fn a_post_from_another_site_is_refused() {
    let house = house().await;
    let member = house.member(Role::Owner).await;
    for path in ["/sign-in", "/sign-out", "/console/profile", "/console/settings/instance", "/console/keys"] {
        let request = Request::builder().method(Method::POST).uri(path).header("sec-fetch-site", "cross-site");
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(Body::from("name=x")).unwrap();
        member.call(request).await.expect(403);
    }
}
