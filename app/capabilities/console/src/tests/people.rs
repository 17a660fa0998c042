use super::*;
use capability::settings;
use kernel::Role;
use std::time::Duration;
use testkit::fakes::Smtp;

const NEW_PASSWORD: &str = "another sentence entirely";

fn path_of(link: &str) -> String {
    link.strip_prefix("http://hermetic.example").expect("a link to this instance").to_owned()
}

#[tokio::test]
async fn an_invitation_is_shown_once_and_lets_somebody_in_with_the_chosen_role() {
    let house = house().await;
    let mut owner = owner(&house).await;
    let page = owner.post("/console/members", &[("email", "bob@example.com"), ("role", "member")]).await.expect(200).body;
    assert!(page.contains("hand the link over yourself"));
    let path = path_of(&shown_once(&page));
    assert!(!owner.get("/console/members").await.body.contains(&path));
    let mut bob = Browser::new(&house);
    assert!(bob.get(&path).await.expect(200).body.contains("bob@example.com"));
    let token = path.split("token=").nth(1).unwrap();
    bob.post("/join", &[("token", token), ("name", "Bob"), ("password", "short")]).await.expect(422);
    bob.post("/join", &[("token", token), ("name", "Bob"), ("password", NEW_PASSWORD)]).await.expect(303);
    bob.get("/console").await.expect(200);
    bob.get("/console/members").await.expect(403);
    Browser::new(&house).get(&path).await.expect(403);
    let again = owner.post("/console/members", &[("email", "bob@example.com"), ("role", "member")]).await.expect(422).body;
    assert!(again.contains("There is a member with this address already."));
    assert_eq!(input_value(&again, "email"), "bob@example.com");
}

#[tokio::test]
async fn an_invitation_is_mailed_where_mail_is_set_up_and_rests_sealed_until_then() {
    let house = house().await;
    let smtp = Smtp::start();
    set_up_mail(&house, &smtp).await;
    let mut owner = owner(&house).await;
    let page = owner.post("/console/members", &[("email", "bob@example.com"), ("role", "viewer")]).await.expect(200).body;
    let link = shown_once(&page);
    let token = link.split("token=").nth(1).unwrap().to_owned();
    let listed = owner.get("/console/deliveries").await.expect(200).body;
    assert!(listed.contains("Invitation for bob@example.com") && !listed.contains(&token));
    house.work().await;
    let mail = smtp.wait_for_mail("bob@example.com", Duration::from_secs(5)).await;
    assert_eq!(mail.link("/join?token="), Some(link));
}

async fn set_up_mail(house: &TestHouse, smtp: &Smtp) {
    let fields = [
        ("outbound.mail_kind", "smtp".to_owned()),
        ("outbound.mail_from", "hermetic@example.com".to_owned()),
        ("outbound.smtp_host", smtp.host()),
        ("outbound.smtp_port", smtp.port().to_string()),
        ("outbound.smtp_tls", "none".to_owned()),
    ];
    let sealer = house.cx.sealer.clone();
    let write = move |tx: &mut db::Tx<'_>| {
        for (key, value) in &fields {
            let setting = crate::model::find_setting(settings::SPINE_SECTIONS, key).unwrap();
            settings::set(tx, &sealer, setting, value)?;
        }
        Ok(())
    };
    house.cx.write(write).await.unwrap();
}

#[tokio::test]
async fn the_test_mail_tells_what_the_server_said() {
    let house = house().await;
    let mut owner = owner(&house).await;
    let path = "/console/settings/outbound/test-mail";
    let page = owner.post(path, &[("x", "")]).await.expect(422).body;
    assert!(page.contains("No way to send mail is chosen yet."), "{page}");
    let smtp = Smtp::start();
    set_up_mail(&house, &smtp).await;
    owner.post(path, &[("x", "")]).await.expect(303);
    assert!(owner.get("/console/settings").await.body.contains("The server took the test mail for ada@example.com"));
    assert!(smtp.wait_for_mail(EMAIL, Duration::from_secs(5)).await.text.contains("Ada"));
    smtp.refuse(EMAIL, 550, "no such mailbox");
    let page = owner.post(path, &[("x", "")]).await.expect(422).body;
    assert!(page.contains("The test mail was not taken") && page.contains("no such mailbox"), "{page}");
}

#[tokio::test]
async fn a_password_link_sets_a_new_password_and_ends_every_login() {
    let house = house().await;
    let mut owner = owner(&house).await;
    let mut bob = invited(&house, &mut owner, "bob@example.com", "admin").await;
    let id = id_of(&house, "bob@example.com").await;
    let link = shown_once(&owner.post(&format!("/console/members/{id}/link"), &[("x", "")]).await.expect(200).body);
    let path = path_of(&link);
    assert!(path.starts_with("/password?token="));
    let token = path.split("token=").nth(1).unwrap();
    let mut phone = Browser::new(&house);
    phone.get(&path).await.expect(200);
    phone.post("/password", &[("token", token), ("password", "quite another sentence")]).await.expect(303);
    phone.get("/console").await.expect(200);
    bob.get("/console").await.expect(303);
    house.clock.advance(Duration::from_secs(3_601));
    phone.post("/password", &[("token", token), ("password", NEW_PASSWORD)]).await.expect(403);
}

async fn invited(house: &TestHouse, owner: &mut Browser, email: &str, role: &str) -> Browser {
    let page = owner.post("/console/members", &[("email", email), ("role", role)]).await.expect(200).body;
    let link = shown_once(&page);
    let token = link.split("token=").nth(1).unwrap();
    let mut browser = Browser::new(house);
    browser.post("/join", &[("token", token), ("name", "Bob"), ("password", NEW_PASSWORD)]).await.expect(303);
    browser
}

async fn id_of(house: &TestHouse, email: &'static str) -> i64 {
    house.cx.read(move |r| Ok(identity::store::find_member_by_email(r, email)?.unwrap().id.0)).await.unwrap()
}

#[tokio::test]
async fn owners_are_managed_by_owners_and_the_last_one_stays() {
    let house = house().await;
    let mut owner = owner(&house).await;
    let owner_id = id_of(&house, EMAIL).await;
    let mut admin = invited(&house, &mut owner, "bob@example.com", "admin").await;
    let admin_id = id_of(&house, "bob@example.com").await;
    for act in ["disable", "link", "second-factor"] {
        admin.post(&format!("/console/members/{owner_id}/{act}"), &[("x", "")]).await.expect(403);
    }
    admin.post(&format!("/console/members/{owner_id}/role"), &[("role", "viewer")]).await.expect(403);
    admin.post(&format!("/console/members/{admin_id}/role"), &[("role", "owner")]).await.expect(403);
    admin.post("/console/members", &[("email", "eve@example.com"), ("role", "owner")]).await.expect(422);
    owner.post(&format!("/console/members/{owner_id}/role"), &[("role", "viewer")]).await.expect(409);
    owner.post(&format!("/console/members/{owner_id}/disable"), &[("x", "")]).await.expect(409);
    owner.post(&format!("/console/members/{admin_id}/disable"), &[("x", "")]).await.expect(303);
    admin.get("/console").await.expect(303);
    admin.post("/sign-in", &[("email", "bob@example.com"), ("password", NEW_PASSWORD)]).await.expect(422);
    owner.post(&format!("/console/members/{admin_id}/link"), &[("x", "")]).await.expect(409);
    owner.post(&format!("/console/members/{admin_id}/enable"), &[("x", "")]).await.expect(303);
    admin.post("/sign-in", &[("email", "bob@example.com"), ("password", NEW_PASSWORD)]).await.expect(303);
}

#[tokio::test]
async fn the_old_password_is_asked_before_a_new_one_and_other_browsers_are_signed_out() {
    let house = house().await;
    let mut browser = owner(&house).await;
    let mut other = Browser::new(&house);
    other.post("/sign-in", &[("email", EMAIL), ("password", PASSWORD)]).await.expect(303);
    let path = "/console/profile/password";
    browser.post(path, &[("current", "wrong wrong wrong"), ("password", NEW_PASSWORD)]).await.expect(422);
    browser.post(path, &[("current", PASSWORD), ("password", "short")]).await.expect(422);
    browser.post(path, &[("current", PASSWORD), ("password", NEW_PASSWORD)]).await.expect(303);
    browser.get("/console").await.expect(200);
    other.get("/console").await.expect(303);
}

#[tokio::test]
async fn one_browser_or_all_others_can_be_signed_out() {
    let house = house().await;
    let mut browser = owner(&house).await;
    let mut others = Vec::new();
    for _ in 0..3 {
        let mut other = Browser::new(&house);
        other.post("/sign-in", &[("email", EMAIL), ("password", PASSWORD)]).await.expect(303);
        others.push(other);
    }
    let id = id_of(&house, EMAIL).await;
    let logins = house.cx.read(move |r| identity::store::list_logins(r, kernel::ids::MemberId(id))).await.unwrap();
    let last = logins.iter().map(|login| login.id.0).max().unwrap();
    browser.post(&format!("/console/profile/logins/{last}/sign-out"), &[("x", "")]).await.expect(303);
    others[2].get("/console").await.expect(303);
    others[1].get("/console").await.expect(200);
    browser.post("/console/profile/logins/others/sign-out", &[("x", "")]).await.expect(303);
    others[1].get("/console").await.expect(303);
    browser.get("/console").await.expect(200);
}

#[tokio::test]
async fn a_key_is_shown_once_opens_its_scopes_only_and_can_be_revoked() {
    let house = house().await;
    let mut owner = owner(&house).await;
    let form = owner.get("/console/keys").await.expect(200).body;
    for scope in ["console:apply", "console:metrics", "console:read", "sample:read", "sample:write"] {
        assert!(form.contains(&format!("value=\"{scope}\"")), "{scope}");
    }
    let page = owner
        .post("/console/keys", &[("name", "Prometheus"), ("role", "viewer"), ("scopes", "console:metrics"), ("scopes", "sample:read")])
        .await
        .expect(200)
        .body;
    let token = shown_once(&page);
    assert!(token.starts_with("hk_"));
    assert!(!owner.get("/console/keys").await.body.contains(&token));
    let call = async |path: &str| {
        let request = Request::builder().uri(path).header(header::AUTHORIZATION, format!("Bearer {token}"));
        house.visitor().call(request.body(Body::empty()).unwrap()).await
    };
    assert!(call("/metrics").await.expect(200).body.contains("hermetic_console_outbox_waiting_count 0"));
    call("/api/v1/samples").await.expect(200);
    call("/api/v1/deliveries").await.expect(403);
    call("/console").await.expect(403);
    let wrong = owner.post("/console/keys", &[("name", ""), ("role", "viewer"), ("scopes", "nope")]).await.expect(422).body;
    assert!(wrong.contains("does not exist") && wrong.contains("Please give the key"), "{wrong}");
    owner.post("/console/keys/1/revoke", &[("x", "")]).await.expect(303);
    call("/metrics").await.expect(401);
    let admin = house.member(Role::Admin).await;
    admin.post("/console/keys", &[("name", "x"), ("role", "owner"), ("scopes", "sample:read")]).await.expect(422);
}

#[tokio::test]
async fn the_link_of_a_disabled_member_opens_nothing() {
    let house = house().await;
    let mut owner = owner(&house).await;
    let page = owner.post("/console/members", &[("email", "bob@example.com"), ("role", "member")]).await.expect(200).body;
    let path = path_of(&shown_once(&page));
    let id = id_of(&house, "bob@example.com").await;
    owner.post(&format!("/console/members/{id}/disable"), &[("x", "")]).await.expect(303);
    house.visitor().get(&path).await.expect(403);
    let token = path.split("token=").nth(1).unwrap();
    Browser::new(&house).post("/join", &[("token", token), ("name", "Bob"), ("password", NEW_PASSWORD)]).await.expect(403);
}
