use super::sample::EVIL;
use super::*;
use identity::store::{self, MemberInsert};
use kernel::text::Email;
use kernel::{Role, Secret};
use serde_json::json;
use work::{NewDelivery, NewJob};

/// Every page that shows text of others, with hostile text everywhere it can come from.
#[tokio::test]
async fn hostile_text_is_shown_and_never_run() {
    let house = house().await;
    let mut browser = Browser { agent: EVIL.to_owned(), ..owner(&house).await };
    browser.post("/sign-in", &[("email", EMAIL), ("password", PASSWORD)]).await;
    let mut second = Browser { agent: EVIL.to_owned(), ..Browser::new(&house) };
    second.post("/sign-in", &[("email", EMAIL), ("password", PASSWORD)]).await.expect(303);
    browser.post("/console/profile", &[("name", EVIL)]).await.expect(303);
    house.cx.write(plant).await.unwrap();
    house.cx.telemetry.write(plant_outcomes).await.unwrap();
    browser.post("/console/settings/instance", &[("instance.name", EVIL), ("instance.zone", "UTC")]).await.expect(303);
    browser
        .post("/console/settings/sample", &[("sample.name", EVIL), ("sample.lines", "</textarea><script>alert(1)</script>")])
        .await
        .expect(303);
    house.work().await;
    let query: String = EVIL.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let paths = [
        "/console".to_owned(),
        format!("/search?q={query}"),
        "/console/settings".into(),
        "/console/members".into(),
        "/console/members/1".into(),
        "/console/members/2".into(),
        "/console/members/new".into(),
        "/console/keys".into(),
        "/console/audit".into(),
        "/console/profile".into(),
        "/console/profile/second-factor".into(),
        "/console/deliveries".into(),
        "/console/deliveries/1".into(),
        "/console/jobs".into(),
        "/console/health".into(),
        "/projects".into(),
        "/projects/1".into(),
        "/projects/1/connect".into(),
        "/projects/1/outcomes".into(),
        "/projects/1/settings".into(),
        "/projects/outcomes".into(),
    ];
    for path in &paths {
        let page = browser.get(path).await.expect(200).body;
        assert_clean(path, &page);
        assert!(page.contains("&lt;script&gt;"), "{path} shows the hostile text: {page}");
    }
    let visitor_pages = [
        format!("/sign-in?next={query}"),
        format!("/set-up?token={query}"),
        format!("/join?token={query}"),
        format!("/password?token={query}"),
    ];
    for path in &visitor_pages {
        assert_clean(path, &house.visitor().get(path).await.body);
    }
    let forms: [(&str, &[(&str, &str)]); 9] = [
        ("/projects", &[("name", EVIL), ("platform", EVIL), ("slug", EVIL)]),
        ("/projects/1", &[("name", EVIL), ("slug", EVIL), ("allowed_origins", "</textarea><script>alert(1)</script>")]),
        ("/projects/1/remove", &[("confirm", EVIL)]),
        ("/sign-in", &[("email", EVIL), ("password", "x"), ("next", EVIL)]),
        ("/console/members", &[("email", EVIL), ("name", EVIL), ("role", EVIL)]),
        ("/console/keys", &[("name", EVIL), ("role", EVIL), ("scopes", EVIL)]),
        ("/console/settings/instance", &[("instance.name", EVIL), ("instance.zone", EVIL)]),
        ("/console/profile", &[("name", EVIL)]),
        ("/console/profile/second-factor", &[("sealed", EVIL), ("code", EVIL), ("next", EVIL)]),
    ];
    for (path, fields) in forms {
        assert_clean(path, &browser.post(path, fields).await.body);
    }
}

fn assert_clean(path: &str, page: &str) {
    for hostile in ["<script>alert", "<img src=x", "\"'><"] {
        assert!(!page.contains(hostile), "{path} lets {hostile} through: {page}");
    }
}

/// Categories and reasons come from SDKs.
fn plant_outcomes(tx: &mut db::Tx<'_>) -> kernel::Result<()> {
    use ingest::store::{Outcome, count};
    let project = kernel::ids::ProjectId(1);
    count(tx, project, EVIL, Outcome::Accepted, "", 7, 700)?;
    count(tx, project, EVIL, Outcome::Dropped, EVIL, 2, 0)?;
    count(tx, project, EVIL, Outcome::Discarded, EVIL, 3, 0)
}

fn plant(tx: &mut db::Tx<'_>) -> kernel::Result<()> {
    let lines = vec![EVIL.to_owned(), "</textarea><script>alert(1)</script>".to_owned()];
    let draft = identity::projects::ProjectDraft {
        slug: "evil".into(),
        allowed_origins: lines.clone(),
        scrub_fields: lines.clone(),
        safe_fields: lines,
        platform: "<script>".into(),
        ..identity::projects::ProjectDraft::named("<script>alert(1)</script>\"'>")
    };
    let (project, _) = store::new_project(tx, draft)?;
    store::new_dsn_key(tx, project.id, EVIL)?;
    let email = Email::parse("<b>@example.com").or_else(|_| Email::parse("mallory'&@example.com"))?;
    store::insert_member(tx, &MemberInsert { email: &email, name: EVIL, role: Role::Admin, password_hash: None })?;
    store::set_name(tx, kernel::ids::MemberId(1), EVIL)?;
    store::new_key(tx, EVIL, Role::Viewer, &["sample:read".into()], EVIL)?;
    store::audit_as(tx, EVIL, EVIL, EVIL, EVIL)?;
    let delivery = NewDelivery {
        destination: EVIL.into(),
        sender: "sample.send",
        key: EVIL.into(),
        subject: EVIL.into(),
        payload: json!({}),
        run_at: None,
    };
    work::post(tx, delivery)?;
    work::enqueue(tx, NewJob::now("sample.fail", json!({})))?;
    Ok(())
}

#[tokio::test]
async fn no_secret_of_a_member_or_key_is_on_any_page() {
    let house = house().await;
    let mut browser = owner(&house).await;
    let secret = Secret::new("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP");
    let sealed = house.cx.sealer.seal(&identity::gate::totp_context(kernel::ids::MemberId(1)), &secret).unwrap();
    let stored = sealed.clone();
    let (_, token) = house
        .cx
        .write(move |tx| {
            store::enable_totp(tx, kernel::ids::MemberId(1), &stored, 0, &["abcde-fghij".into()])?;
            store::new_key(tx, "deploy", Role::Viewer, &["sample:read".into()], "test")
        })
        .await
        .unwrap();
    let login = browser.cookies["hermetic_login"].clone();
    for path in [
        "/console",
        "/console/settings",
        "/console/members/1",
        "/console/keys",
        "/console/audit",
        "/console/profile",
        "/console/profile/second-factor",
        "/console/health",
    ] {
        let page = browser.get(path).await.expect(200).body;
        for hidden in [secret.expose(), &sealed, token.expose(), &login, PASSWORD, "$argon2id$", "abcde-fghij"] {
            assert!(!page.contains(hidden), "{path} shows {hidden}");
        }
    }
}
