use super::sample::{NAME, SECRET, SWITCH};
use super::*;
use capability::settings;
use kernel::paging::PageRequest;

const PATH: &str = "/console/settings/sample";
const HUSH: &str = "hush-hush-9f3a";

async fn stored(house: &TestHouse) -> (String, Option<String>, bool) {
    let sealer = house.cx.sealer.clone();
    let read = move |r: &db::Reader<'_>| {
        let secret = settings::secret(r, &sealer, &SECRET)?.map(|secret| secret.expose().to_owned());
        Ok((settings::text(r, &NAME)?, secret, settings::is_on(r, &SWITCH)?))
    };
    house.cx.read(read).await.unwrap()
}

async fn audit_text(house: &TestHouse) -> String {
    let page = house.cx.read(|r| identity::store::list_audits(r, &PageRequest::default())).await.unwrap();
    page.rows.iter().map(|row| format!("{} {} {} {}\n", row.actor, row.act, row.subject, row.detail)).collect()
}

#[tokio::test]
async fn a_section_is_saved_as_a_whole_and_each_change_is_noted() {
    let house = house().await;
    let mut owner = owner(&house).await;
    let fields = [("sample.name", "Shop"), ("sample.limit", "5"), ("sample.secret", HUSH), ("sample.lines", "a\nb")];
    assert_eq!(owner.post(PATH, &fields).await.expect(303).location(), "/console/settings#sample");
    assert_eq!(stored(&house).await, ("Shop".to_owned(), Some(HUSH.to_owned()), false));
    let page = owner.get("/console/settings").await.expect(200).body;
    assert!(page.contains("Sample: 5 changes are saved.") && page.contains("One is stored.") && !page.contains(HUSH), "{page}");
    assert_eq!(input_value(&page, "sample.name"), "Shop");
    let audits = audit_text(&house).await;
    assert!(audits.contains("console.setting.set sample.name “nobody” → “Shop”"), "{audits}");
    assert!(audits.contains("console.setting.set sample.secret a new value") && !audits.contains(HUSH), "{audits}");
}

#[tokio::test]
async fn saving_what_is_stored_changes_nothing_and_notes_nothing() {
    let house = house().await;
    let mut owner = owner(&house).await;
    let before = audit_text(&house).await;
    owner.post(PATH, &[("sample.name", "nobody"), ("sample.limit", "3"), ("sample.secret", ""), ("sample.switch", "on")]).await.expect(303);
    assert_eq!(audit_text(&house).await, before);
}

#[tokio::test]
async fn settings_that_contradict_each_other_are_refused_beside_the_field() {
    let house = house().await;
    let mut owner = owner(&house).await;
    let page = owner.post(PATH, &[("sample.name", "at odds"), ("sample.secret", HUSH)]).await.expect(422).body;
    assert!(page.contains("It does not go with the rest.") && !page.contains(HUSH), "{page}");
    let (name, secret, _) = stored(&house).await;
    assert_eq!((name.as_str(), secret), ("nobody", None));
}

#[tokio::test]
async fn a_mistake_stands_beside_its_field_and_nothing_typed_is_lost_not_even_a_secret() {
    let house = house().await;
    let mut owner = owner(&house).await;
    let fields = [("sample.name", "Shop"), ("sample.limit", "99"), ("sample.secret", HUSH), ("sample.lines", "kept </textarea>")];
    let page = owner.post(PATH, &fields).await.expect(422).body;
    assert_eq!((input_value(&page, "sample.name"), input_value(&page, "sample.limit")), ("Shop".to_owned(), "99".to_owned()));
    assert!(
        page.contains("“Limit” is a number from 1 to 9 s.") && page.contains("kept &lt;/textarea&gt;") && !page.contains(HUSH),
        "{page}"
    );
    assert_eq!(stored(&house).await, ("nobody".to_owned(), None, true), "a section is saved whole or not at all");
    let kept = input_value(&page, "kept:sample.secret");
    let fields = [("sample.name", "Shop"), ("sample.limit", "9"), ("sample.secret", ""), ("kept:sample.secret", kept.as_str())];
    owner.post(PATH, &fields).await.expect(303);
    assert_eq!(stored(&house).await.1.as_deref(), Some(HUSH));
}

#[tokio::test]
async fn a_kept_secret_is_of_no_use_for_another_member_or_field() {
    let house = house().await;
    let mut owner = owner(&house).await;
    let page = owner.post(PATH, &[("sample.limit", "99"), ("sample.secret", HUSH)]).await.expect(422).body;
    let kept = input_value(&page, "kept:sample.secret");
    let other = house.member(kernel::Role::Admin).await;
    other.post(PATH, &[("sample.limit", "9"), ("kept:sample.secret", &kept), ("sample.secret", "")]).await.expect(303);
    owner.post("/console/settings/outbound", &[("outbound.resend_key", ""), ("kept:outbound.resend_key", &kept)]).await.expect(303);
    assert_eq!(stored(&house).await.1, None);
}

#[tokio::test]
async fn a_stored_secret_is_kept_by_an_empty_field_and_forgotten_by_the_clear_button() {
    let house = house().await;
    let mut owner = owner(&house).await;
    owner.post(PATH, &[("sample.secret", HUSH)]).await.expect(303);
    owner.post(PATH, &[("sample.name", "Shop"), ("sample.secret", "")]).await.expect(303);
    assert_eq!(stored(&house).await.1.as_deref(), Some(HUSH));
    owner.post("/console/settings/sample/clear", &[("key", "outbound.smtp_password")]).await.expect(404);
    owner.post("/console/settings/sample/clear", &[("key", "sample.secret")]).await.expect(303);
    assert_eq!(stored(&house).await.1, None);
    assert!(audit_text(&house).await.contains("console.setting.clear sample.secret"));
}

#[tokio::test]
async fn a_field_of_capabilities_takes_only_names_of_this_house() {
    let house = house().await;
    let mut owner = owner(&house).await;
    let fields = |owners| [("sample.name", "Shop"), ("sample.limit", "5"), ("sample.owners", owners)];
    let page = owner.post(PATH, &fields("sample, monitors")).await.expect(422).body;
    assert!(page.contains("There is no capability monitors."), "{page}");
    owner.post(PATH, &fields("sample console")).await.expect(303);
}
