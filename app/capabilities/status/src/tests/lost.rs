//! Followers whose links and secrets were sealed with a key file that is gone.

use super::house::*;
use crate::follow;
use crate::send::{SECRET, TOKEN};
use kernel::{Role, Sealer, Secret};
use outbound::GuardOptions;
use testkit::TestHouse;
use testkit::fakes::Sink;

/// As the start after `settings new-key` finds them.
async fn lose_the_key(house: &TestHouse) {
    let gone = Sealer::new(&[9; 32]);
    let seal = move |tx: &mut db::Tx<'_>| {
        let (token, secret) = (gone.seal(TOKEN, &Secret::new("t".to_owned()))?, gone.seal(SECRET, &Secret::new("whsec_".to_owned()))?);
        tx.run("update status_subscribers set token_sealed = ?", [token])?;
        tx.run("update status_subscribers set secret_sealed = ? where kind = 'webhook'", [secret])
    };
    house.cx.write(seal).await.unwrap();
    follow::mend(house.cx.clone()).await;
}

async fn report(house: &TestHouse) {
    let fields = [("title", "Down"), ("impact", "major"), ("phase", "investigating"), ("body", "We look.")];
    house.member(Role::Member).await.post("/status/edit/reports", &fields).await.expect(303);
    house.live_through(kernel::time::MINUTE * 2, kernel::time::MINUTE).await;
}

async fn ada(house: &TestHouse) {
    let fields = [("kind", "email"), ("language", "en"), ("address", "ada@example.org")];
    house.visitor().post("/status/subscribe", &fields).await.expect(200);
    house.work().await;
}

#[tokio::test]
async fn a_follower_by_mail_is_told_with_a_new_link_and_may_leave_by_an_old_one() {
    let house = house().await;
    let smtp = with_mail(&house).await;
    ada(&house).await;
    house.visitor().post(&path_of(&smtp.mails()[0].link("/status/confirm/").unwrap()), &[]).await.expect(200);
    report(&house).await;
    let old = path_of(&smtp.mails().last().unwrap().link("/status/follow/").unwrap());
    lose_the_key(&house).await;
    report(&house).await;
    assert_eq!(smtp.mails().len(), 3, "the follower goes on to hear");
    let new = path_of(&smtp.mails().last().unwrap().link("/status/follow/").unwrap());
    assert_ne!(old, new);
    house.visitor().get(&old).await.expect(200);
    house.visitor().get(&new).await.expect(200);
}

#[tokio::test]
async fn a_confirmation_works_after_the_key_was_lost() {
    let house = house().await;
    let smtp = with_mail(&house).await;
    ada(&house).await;
    let link = path_of(&smtp.mails()[0].link("/status/confirm/").unwrap());
    lose_the_key(&house).await;
    house.visitor().post(&link, &[]).await.expect(200);
    assert_eq!(count(&house, "select count(*) from status_subscribers where state = 'active'").await, 1);
}

#[tokio::test]
async fn a_webhook_that_cannot_be_signed_for_stops_no_other_and_may_subscribe_again() {
    let sink = Sink::start();
    let house = TestHouse::with_guard(LIST, GuardOptions { extra_allowed: vec![sink.address()], ..GuardOptions::strict() }).await;
    let smtp = with_mail(&house).await;
    ada(&house).await;
    house.visitor().post(&path_of(&smtp.mails()[0].link("/status/confirm/").unwrap()), &[]).await.expect(200);
    let url = sink.url("/hook");
    let fields = [("kind", "webhook"), ("language", "en"), ("address", url.as_str())];
    house.visitor().post("/status/subscribe", &fields).await.expect(200);
    lose_the_key(&house).await;
    report(&house).await;
    assert_eq!((sink.requests().len(), smtp.mails().len()), (1, 2), "the mail leaves, the webhook is not told unsigned");
    let registry = house.cx.registry;
    let found = house.cx.read(move |r| registry.diagnose(r)).await.unwrap();
    assert!(found.iter().any(|one| one.finding.starts_with("Webhooks of 1 subscribers")), "{found:?}");
    house.visitor().post("/status/subscribe", &fields).await.expect(200);
    report(&house).await;
    assert_eq!(sink.requests().len(), 3, "verified anew, and told");
    let found = house.cx.read(move |r| registry.diagnose(r)).await.unwrap();
    assert!(found.iter().all(|one| !one.finding.contains("Webhooks")), "{found:?}");
}
