//! Double opt-in, one-click leaving, webhooks that prove themselves, and no message that nobody asked for.

use super::house::*;
use axum::body::Body;
use http::Request;
use kernel::Role;
use kernel::Secret;
use kernel::time::{DAY, HOUR, MINUTE};
use outbound::GuardOptions;
use testkit::TestHouse;
use testkit::fakes::{Play, Sink, Smtp};

async fn subscribed(house: &TestHouse, smtp: &Smtp, address: &str, components: &[&str]) -> String {
    let mut fields = vec![("kind", "email"), ("language", "de"), ("address", address)];
    fields.extend(components.iter().map(|id| ("component", *id)));
    house.visitor().post("/status/subscribe", &fields).await.expect(200);
    house.work().await;
    let mail = smtp.mails().into_iter().rev().find(|mail| mail.to == [address]).expect("a mail");
    let link = path_of(&mail.link("/status/confirm/").expect("a link"));
    house.visitor().post(&link, &[]).await.expect(200);
    link
}

#[tokio::test]
async fn nobody_is_subscribed_before_the_button_behind_the_mailed_link_is_pressed() {
    let house = house().await;
    let smtp = with_mail(&house).await;
    let answer = house
        .visitor()
        .post("/status/subscribe", &[("kind", "email"), ("language", "de"), ("address", "ada@example.org")])
        .await
        .expect(200);
    assert!(answer.body.contains("Please look into your mailbox") || answer.body.contains("Postfach"));
    house.work().await;
    let mail = &smtp.mails()[0];
    assert!(mail.subject.contains("Bitte bestätigen Sie"), "{}", mail.subject);
    let link = path_of(&mail.link("/status/confirm/").unwrap());
    // A mail scanner opens links.
    let page = house.visitor().get(&link).await.expect(200);
    assert!(page.body.contains("Abonnement bestätigen"));
    assert_eq!(count(&house, "select count(*) from status_subscribers where state = 'active'").await, 0);
    house.visitor().post(&link, &[]).await.expect(200);
    assert_eq!(count(&house, "select count(*) from status_subscribers where state = 'active'").await, 1);
    house.visitor().post(&link, &[]).await.expect(410);
}

#[tokio::test]
async fn a_confirmation_link_ends_after_a_day_and_the_request_is_forgotten() {
    let house = house().await;
    let smtp = with_mail(&house).await;
    house.visitor().post("/status/subscribe", &[("kind", "email"), ("language", "en"), ("address", "ada@example.org")]).await.expect(200);
    house.work().await;
    let link = path_of(&smtp.mails()[0].link("/status/confirm/").unwrap());
    house.live_through(DAY * 2, HOUR).await;
    house.visitor().get(&link).await.expect(410);
    house.visitor().post(&link, &[]).await.expect(410);
    assert_eq!(count(&house, "select count(*) from status_subscribers").await, 0);
}

#[tokio::test]
async fn asking_for_a_known_address_says_the_same_and_sends_nothing() {
    let house = house().await;
    let smtp = with_mail(&house).await;
    let first = house
        .visitor()
        .post("/status/subscribe", &[("kind", "email"), ("language", "en"), ("address", "ada@example.org")])
        .await
        .expect(200);
    house.work().await;
    house.visitor().post(&path_of(&smtp.mails()[0].link("/status/confirm/").unwrap()), &[]).await.expect(200);
    let second = house
        .visitor()
        .post("/status/subscribe", &[("kind", "email"), ("language", "en"), ("address", "ADA@example.org")])
        .await
        .expect(200);
    house.work().await;
    assert_eq!(first.body, second.body);
    assert_eq!(smtp.mails().len(), 1);
}

#[tokio::test]
async fn one_address_and_one_visitor_can_ask_only_so_often() {
    let house = house().await;
    let _smtp = with_mail(&house).await;
    for _ in 0..3 {
        house
            .visitor()
            .post("/status/subscribe", &[("kind", "email"), ("language", "en"), ("address", "ada@example.org")])
            .await
            .expect(200);
    }
    house.visitor().post("/status/subscribe", &[("kind", "email"), ("language", "en"), ("address", "ada@example.org")]).await.expect(429);
    let mut last = 200;
    for number in 0..10 {
        let address = format!("a{number}@example.org");
        last =
            house.visitor().post("/status/subscribe", &[("kind", "email"), ("language", "en"), ("address", &address)]).await.code.as_u16();
    }
    assert_eq!(last, 429);
}

#[tokio::test]
async fn an_address_cannot_smuggle_headers_or_other_people_into_a_mail() {
    let house = house().await;
    let smtp = with_mail(&house).await;
    for address in ["a@example.org\r\nBcc: b@example.org", "a@example.org, b@example.org", "<a@example.org>", "a b@example.org", "a@"] {
        house.clock.advance(HOUR);
        let answer =
            house.visitor().post("/status/subscribe", &[("kind", "email"), ("language", "en"), ("address", address)]).await.expect(422);
        assert!(answer.body.contains("role=\"alert\""));
    }
    house.work().await;
    assert!(smtp.mails().is_empty());
    let member = house.member(Role::Member).await;
    subscribed(&house, &smtp, "ada@example.org", &[]).await;
    let post = async |title: &'static str| {
        let fields = [("title", title), ("impact", "major"), ("phase", "investigating"), ("body", "We look.\r\nBcc: eve@example.org")];
        member.post("/status/edit/reports", &fields).await
    };
    post("Down\u{2028}Bcc: eve@example.org").await.expect(422);
    post("Down Bcc: eve@example.org").await.expect(303);
    house.work().await;
    let mail = smtp.mails().pop().unwrap();
    assert_eq!(mail.to, ["ada@example.org"]);
    assert!(mail.header("bcc").is_none());
}

#[tokio::test]
async fn a_report_reaches_followers_in_their_language_with_a_one_click_way_out() {
    let house = house().await;
    let smtp = with_mail(&house).await;
    let member = house.member(Role::Member).await;
    subscribed(&house, &smtp, "ada@example.org", &[]).await;
    let fields =
        [("title", "Payments are slow"), ("impact", "major"), ("phase", "investigating"), ("body", "We look into it. **Soon more.**")];
    member.post("/status/edit/reports", &fields).await.expect(303);
    house.work().await;
    let mail = smtp.mails().pop().unwrap();
    assert_eq!(mail.subject, "Hermetic: Wird untersucht – Payments are slow");
    assert!(mail.text.contains("We look into it.") && mail.html.as_deref().unwrap().contains("<strong>Soon more.</strong>"));
    assert_eq!(mail.header("list-unsubscribe-post"), Some("List-Unsubscribe=One-Click"));
    assert_eq!(mail.header("auto-submitted"), Some("auto-generated"));
    assert!(mail.header("references").unwrap().contains("report-"));
    let leave = path_of(mail.header("list-unsubscribe").unwrap().trim_matches(['<', '>']));
    // Opening it changes nothing; the provider's POST, which comes from no page of ours, does.
    house.visitor().get(&leave).await.expect(200);
    assert_eq!(count(&house, "select count(*) from status_subscribers where state = 'active'").await, 1);
    let request = Request::post(&leave).header("sec-fetch-site", "cross-site").header("content-type", "application/x-www-form-urlencoded");
    house.visitor().call(request.body(Body::from("List-Unsubscribe=One-Click")).unwrap()).await.expect(200);
    assert_eq!(count(&house, "select count(*) from status_subscribers where state = 'unsubscribed' and address = ''").await, 1);
    member.post("/status/edit/reports/1/updates", &[("phase", "resolved"), ("body", "Done.")]).await.expect(303);
    house.pass(MINUTE * 5).await;
    assert_eq!(smtp.mails().len(), 2, "the confirmation and one notice");
}

#[tokio::test]
async fn who_follows_one_component_hears_of_that_one() {
    let house = house().await;
    let smtp = with_mail(&house).await;
    let member = house.member(Role::Member).await;
    let api = component(&house, &member, 1, "API").await;
    let web = component(&house, &member, 2, "Website").await;
    let rows = house.cx.read(crate::store::components::list_components).await.unwrap();
    let public = rows.iter().find(|row| row.id == web).unwrap().public_id.clone();
    subscribed(&house, &smtp, "ada@example.org", &[&public]).await;
    let about = |id| format!("{id}:major_outage");
    member
        .post(
            "/status/edit/reports",
            &[("title", "API down"), ("impact", "major"), ("phase", "investigating"), ("body", "We look."), ("effect", &about(api))],
        )
        .await
        .expect(303);
    house.work().await;
    assert_eq!(smtp.mails().len(), 1);
    member
        .post(
            "/status/edit/reports",
            &[("title", "Web down"), ("impact", "major"), ("phase", "investigating"), ("body", "We look."), ("effect", &about(web))],
        )
        .await
        .expect(303);
    house.work().await;
    assert_eq!(smtp.mails().len(), 2);
    // The link in the message changes the choice.
    let own = path_of(&smtp.mails()[1].link("/status/follow/").unwrap()).trim_end_matches("/leave").to_owned();
    let page = house.visitor().get(&own).await.expect(200);
    assert!(page.body.contains("ada@example.org"));
    house.visitor().post(&own, &[]).await.expect(200);
    assert_eq!(count(&house, "select count(*) from status_subscriber_components").await, 0);
}

#[tokio::test]
async fn a_deleted_component_makes_no_follower_of_everything_and_no_report_about_everything() {
    let house = house().await;
    let smtp = with_mail(&house).await;
    let member = house.member(Role::Member).await;
    let (api, web) = (component(&house, &member, 1, "API").await, component(&house, &member, 2, "Web").await);
    let rows = house.cx.read(crate::store::components::list_components).await.unwrap();
    let public = |id| rows.iter().find(|row| row.id == id).unwrap().public_id.clone();
    subscribed(&house, &smtp, "web@example.org", &[&public(web)]).await;
    subscribed(&house, &smtp, "api@example.org", &[&public(api)]).await;
    subscribed(&house, &smtp, "all@example.org", &[]).await;
    let told = || smtp.mails().split_off(3).into_iter().map(|mail| mail.to[0].clone()).collect::<std::collections::BTreeSet<_>>();
    let report = [("title", "Down"), ("impact", "major"), ("phase", "investigating"), ("body", "We look.")];
    let about = |id| format!("{id}:major_outage");
    let (about_web, about_api, covered) = (about(web), about(api), web.to_string());
    member.post("/status/edit/reports", &[&report[..], &[("effect", &about_web)]].concat()).await.expect(303);
    let window = [("title", "Upgrade"), ("body", "Slow."), ("starts_at", "2026-03-05T13:00"), ("ends_at", "2026-03-05T14:00")];
    member.post("/status/edit/maintenances", &[&window[..], &[("components", &covered)]].concat()).await.expect(303);
    member.post(&format!("/status/edit/components/{web}/delete"), &[]).await.expect(303);
    member.post("/status/edit/reports", &[&report[..], &[("effect", &about_api)]].concat()).await.expect(303);
    house.live_through(MINUTE * 2, MINUTE).await;
    let mails = smtp.mails().split_off(3);
    assert_eq!(mails.iter().filter(|mail| mail.to == ["all@example.org"]).count(), 3);
    assert_eq!(mails.iter().filter(|mail| mail.to == ["api@example.org"]).count(), 1, "the one about the API");
    assert_eq!(told().into_iter().collect::<Vec<_>>(), ["all@example.org", "api@example.org"]);
    member.post("/status/edit/reports", &report).await.expect(303);
    house.live_through(MINUTE * 2, MINUTE).await;
    assert!(told().contains("web@example.org"), "what names nothing concerns everybody");
}

#[tokio::test]
async fn updates_written_within_two_minutes_are_one_message_and_quiet_ones_none() {
    let house = house().await;
    let smtp = with_mail(&house).await;
    let member = house.member(Role::Member).await;
    subscribed(&house, &smtp, "ada@example.org", &[]).await;
    member
        .post("/status/edit/reports", &[("title", "Down"), ("impact", "major"), ("phase", "investigating"), ("body", "First.")])
        .await
        .expect(303);
    house.work().await;
    member.post("/status/edit/reports/1/updates", &[("phase", "identified"), ("body", "Second.")]).await.expect(303);
    house.pass(MINUTE).await;
    member.post("/status/edit/reports/1/updates", &[("phase", "monitoring"), ("body", "Third.")]).await.expect(303);
    member.post("/status/edit/reports/1/updates", &[("phase", "monitoring"), ("body", "Hidden."), ("is_quiet", "on")]).await.expect(303);
    house.work().await;
    assert_eq!(smtp.mails().len(), 2, "nothing within two minutes of the first notice");
    house.pass(MINUTE * 2).await;
    assert_eq!(smtp.mails().len(), 3);
    let mail = smtp.mails().pop().unwrap();
    assert!(mail.text.contains("Second.") && mail.text.contains("Third."), "{}", mail.text);
    house.live_through(HOUR, MINUTE * 10).await;
    assert_eq!(smtp.mails().len(), 3);
}

#[tokio::test]
async fn a_webhook_must_answer_before_it_is_told_anything_and_each_notice_is_signed() {
    let sink = Sink::start();
    let house = TestHouse::with_guard(LIST, GuardOptions { extra_allowed: vec![sink.address()], ..GuardOptions::strict() }).await;
    let member = house.member(Role::Member).await;
    let url = sink.url("/hook");
    sink.set(Play::code(404));
    house.visitor().post("/status/subscribe", &[("kind", "webhook"), ("language", "en"), ("address", &url)]).await.expect(422);
    assert_eq!(count(&house, "select count(*) from status_subscribers").await, 0);
    sink.set(Play::code(204));
    let page = house.visitor().post("/status/subscribe", &[("kind", "webhook"), ("language", "en"), ("address", &url)]).await.expect(200);
    let secret = page.body.split("whsec_").nth(1).unwrap().split('<').next().unwrap();
    let secret = Secret::new(format!("whsec_{secret}"));
    member
        .post("/status/edit/reports", &[("title", "Down"), ("impact", "major"), ("phase", "investigating"), ("body", "We look.")])
        .await
        .expect(303);
    house.work().await;
    let notice = sink.requests().pop().unwrap();
    assert_eq!(notice.json()["type"], "report.investigating");
    assert_eq!(notice.json()["incident"]["name"], "Down");
    let header = |name: &str| notice.header(name).unwrap().to_owned();
    let body = String::from_utf8(notice.body.clone()).unwrap();
    assert_eq!(header("webhook-signature"), crate::send::sign(&secret, &header("webhook-id"), &header("webhook-timestamp"), &body));
    assert_eq!(header("webhook-timestamp"), (house.clock.now().0 / 1_000).to_string());
    // A receiver that is gone for good is not asked again.
    sink.set(Play::code(410));
    member.post("/status/edit/reports/1/updates", &[("phase", "resolved"), ("body", "Done.")]).await.expect(303);
    house.pass(MINUTE * 3).await;
    assert_eq!(count(&house, "select count(*) from status_subscribers where state = 'unsubscribed'").await, 1);
}

#[tokio::test]
async fn strangers_webhooks_do_not_reach_inside() {
    let house = house().await;
    let sink = Sink::start();
    for address in [
        sink.url("/"),
        "http://169.254.169.254/latest".into(),
        "http://[::1]/".into(),
        "http://user:pass@example.com/".into(),
        "ftp://example.com".into(),
    ] {
        house.clock.advance(HOUR);
        house.visitor().post("/status/subscribe", &[("kind", "webhook"), ("language", "en"), ("address", &address)]).await.expect(422);
    }
    assert!(sink.requests().is_empty());
}
