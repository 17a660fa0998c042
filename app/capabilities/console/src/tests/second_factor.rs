use super::*;
use identity::totp;
use kernel::Secret;
use std::time::Duration;

const PATH: &str = "/console/profile/second-factor";

/// Turns it on as a person would: reads the key off the page, types the app's code. Gives the key and the recovery codes.
async fn enrol(house: &TestHouse, browser: &mut Browser) -> (Secret, Vec<String>) {
    let page = browser.get(PATH).await.expect(200).body;
    let secret = Secret::new(shown_once(&page).replace(' ', ""));
    let sealed = input_value(&page, "sealed");
    let code = totp::code_at(&secret, house.cx.now()).unwrap();
    let page = browser.post(PATH, &[("sealed", &sealed), ("code", &code), ("next", "/console")]).await.expect(200).body;
    let codes = page.split("<code>").nth(1).unwrap().split("</code>").next().unwrap();
    (secret, codes.lines().map(str::to_owned).collect())
}

async fn password_step(house: &TestHouse) -> Browser {
    let mut browser = Browser::new(house);
    let answer = browser.post("/sign-in", &[("email", EMAIL), ("password", PASSWORD), ("next", "/console/jobs")]).await.expect(303);
    assert_eq!(answer.location(), "/sign-in/code?next=%2Fconsole%2Fjobs");
    browser
}

#[tokio::test]
async fn enrolment_needs_a_right_code_and_a_wrong_one_keeps_the_picture() {
    let house = house().await;
    let mut browser = owner(&house).await;
    let page = browser.get(PATH).await.expect(200).body;
    assert!(page.contains("<svg class=\"qr\"") && !page.contains("otpauth://"), "{page}");
    let (secret, sealed) = (shown_once(&page), input_value(&page, "sealed"));
    assert!(!sealed.contains(&secret.replace(' ', "")));
    let again = browser.post(PATH, &[("sealed", &sealed), ("code", "000000")]).await.expect(422).body;
    assert_eq!(shown_once(&again), secret, "the person need not scan a second time");
    browser.post(PATH, &[("sealed", "forged"), ("code", "000000")]).await.expect(422);
    assert!(browser.get("/console/profile").await.body.contains("Turn it on"));
}

#[tokio::test]
async fn with_it_the_password_opens_nothing_and_a_code_opens_once() {
    let house = house().await;
    let mut first = owner(&house).await;
    let (secret, codes) = enrol(&house, &mut first).await;
    assert_eq!(codes.len(), 10);
    let mut browser = password_step(&house).await;
    browser.get("/console").await.expect(303);
    browser.post("/sign-in/code", &[("code", "000000")]).await.expect(422);
    house.clock.advance(Duration::from_secs(60));
    let code = totp::code_at(&secret, house.cx.now()).unwrap();
    let answer = browser.post("/sign-in/code", &[("code", &code), ("next", "/console/jobs")]).await.expect(303);
    assert_eq!(answer.location(), "/console/jobs");
    browser.get("/console/jobs").await.expect(200);
    let mut second = password_step(&house).await;
    second.post("/sign-in/code", &[("code", &code)]).await.expect(422);
}

#[tokio::test]
async fn a_recovery_code_opens_once_in_place_of_a_code() {
    let house = house().await;
    let mut first = owner(&house).await;
    let (_, codes) = enrol(&house, &mut first).await;
    let mut browser = password_step(&house).await;
    browser.post("/sign-in/code", &[("code", &codes[0].to_uppercase())]).await.expect(303);
    assert!(browser.get("/console/profile").await.expect(200).body.contains("9 recovery codes are left."));
    let mut second = password_step(&house).await;
    second.post("/sign-in/code", &[("code", &codes[0])]).await.expect(422);
}

#[tokio::test]
async fn codes_are_counted_per_member_whatever_browser_tries_them() {
    let house = house().await;
    let mut first = owner(&house).await;
    let (secret, _) = enrol(&house, &mut first).await;
    for _ in 0..5 {
        let mut browser = password_step(&house).await;
        browser.post("/sign-in/code", &[("code", "000000")]).await.expect(422);
    }
    let mut browser = password_step(&house).await;
    house.clock.advance(Duration::from_secs(60));
    let code = totp::code_at(&secret, house.cx.now()).unwrap();
    browser.post("/sign-in/code", &[("code", &code)]).await.expect(429);
}

#[tokio::test]
async fn the_code_page_without_a_password_before_it_leads_back() {
    let house = house().await;
    owner(&house).await;
    let mut browser = Browser::new(&house);
    assert_eq!(browser.get("/sign-in/code").await.expect(303).location(), "/sign-in");
    assert_eq!(browser.post("/sign-in/code", &[("code", "123456")]).await.expect(303).location(), "/sign-in");
}

#[tokio::test]
async fn turning_it_off_asks_for_the_password() {
    let house = house().await;
    let mut browser = owner(&house).await;
    enrol(&house, &mut browser).await;
    let path = format!("{PATH}/remove");
    browser.post(&path, &[("current", "wrong wrong wrong")]).await.expect(422);
    assert!(browser.get(PATH).await.body.contains("Turn it off"));
    browser.post(&path, &[("current", PASSWORD)]).await.expect(303);
    assert!(browser.get("/console/profile").await.body.contains("Turn it on"));
}

#[tokio::test]
async fn a_password_link_does_not_get_around_the_code() {
    let house = house().await;
    let mut first = owner(&house).await;
    let (secret, _) = enrol(&house, &mut first).await;
    let link = identity::model::Purpose::Password;
    let token = house.cx.write(move |tx| identity::store::new_link(tx, kernel::ids::MemberId(1), link)).await.unwrap();
    let mut browser = Browser::new(&house);
    let fields = [("token", token.expose()), ("password", "quite another sentence")];
    assert_eq!(browser.post("/password", &fields).await.expect(303).location(), "/sign-in/code?next=%2Fconsole");
    browser.get("/console").await.expect(303);
    house.clock.advance(Duration::from_secs(60));
    let code = totp::code_at(&secret, house.cx.now()).unwrap();
    browser.post("/sign-in/code", &[("code", &code)]).await.expect(303);
    browser.get("/console").await.expect(200);
}
