use crate::model::{Purpose, checked_password, checked_scopes, may_grant};
use crate::sign_in::{self, Browser};
use crate::{LoginCookie, MemberGate, gate, password, store, totp};
use db::{Db, File, Migrations, OpenOptions};
use http::{HeaderMap, header};
use kernel::ids::MemberId;
use kernel::text::Email;
use kernel::{Clock, Kind, Role, Sealer, Secret, Time};
use std::net::IpAddr;
use std::time::Duration;
use web::{Actor, Gate};

const PASSWORD: &str = "correct horse battery";

struct Bench {
    _folder: tempfile::TempDir,
    db: Db,
    clock: Clock,
    sealer: Sealer,
    owner: MemberId,
}

async fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::frozen(Time(1_700_000_000_000));
    let db = Db::open(OpenOptions {
        folder: folder.path().to_owned(),
        file: File::Hermetic,
        readers: 2,
        clock: clock.clone(),
        checkpoints: db::Checkpoints::Automatic,
        floor: 0,
    })
    .unwrap();
    db.migrate(vec![Migrations { owner: "identity", list: crate::MIGRATIONS }]).unwrap();
    let token = db.write(sign_in::new_setup_token).await.unwrap().unwrap();
    let owner = create_owner(&db, token.expose()).await.unwrap();
    Bench { _folder: folder, db, clock, sealer: Sealer::new(&[3; 32]), owner }
}

async fn create_owner(db: &Db, token: &str) -> kernel::Result<MemberId> {
    let (token, hash) = (token.to_owned(), password::hash(&Secret::new(PASSWORD)).await.unwrap());
    db.write(move |tx| {
        let email = Email::parse("owner@example.com")?;
        sign_in::create_owner(
            tx,
            &token,
            &store::MemberInsert { email: &email, name: "Owner", role: Role::Viewer, password_hash: Some(&hash) },
        )
    })
    .await
}

async fn sign_in(bench: &Bench, password: &str) -> kernel::Result<sign_in::SignedIn> {
    sign_in::with_password(&bench.db, "OWNER@example.com", &Secret::new(password), Browser::default()).await
}

async fn identify(bench: &Bench, name: header::HeaderName, value: String) -> kernel::Result<Actor> {
    let gate = MemberGate { db: bench.db.clone(), cookie: LoginCookie { is_secure: false } };
    let mut headers = HeaderMap::new();
    headers.insert(name, value.parse().unwrap());
    gate.identify(&headers, IpAddr::from([127, 0, 0, 1])).await
}

async fn by_cookie(bench: &Bench, token: &Secret) -> Actor {
    identify(bench, header::COOKIE, format!("other=1; hermetic_login={}", token.expose())).await.unwrap()
}

#[tokio::test]
async fn the_first_owner_needs_the_link_and_there_is_only_one_first() {
    let bench = bench().await;
    let owner = bench.db.read(|r| store::get_member(r, MemberId(1))).await.unwrap();
    assert_eq!(owner.role, Role::Owner, "whatever role was asked for");
    assert_eq!(create_owner(&bench.db, "guess").await.unwrap_err().kind, Kind::Forbidden);
    assert!(bench.db.write(sign_in::new_setup_token).await.unwrap().is_none());
}

#[tokio::test]
async fn a_right_password_makes_a_login_and_a_wrong_one_or_unknown_address_the_same_refusal() {
    let bench = bench().await;
    let wrong = sign_in(&bench, "wrong password").await.unwrap_err();
    let unknown = sign_in::with_password(&bench.db, "nobody@example.com", &Secret::new(PASSWORD), Browser::default()).await.unwrap_err();
    assert_eq!(wrong.message(), unknown.message());
    let login = sign_in(&bench, PASSWORD).await.unwrap();
    assert!(!login.needs_code);
    assert!(matches!(by_cookie(&bench, &login.token).await, Actor::Member { role: Role::Owner, .. }));
}

#[tokio::test]
async fn with_a_second_factor_the_password_alone_opens_nothing_and_a_code_counts_once() {
    let bench = bench().await;
    let secret = totp::new_secret();
    let sealed = bench.sealer.seal(&gate::totp_context(bench.owner), &secret).unwrap();
    let (owner, codes) = (bench.owner, totp::new_recovery_codes());
    let kept = codes.clone();
    bench.db.write(move |tx| store::enable_totp(tx, owner, &sealed, 0, &kept)).await.unwrap();

    let first = sign_in(&bench, PASSWORD).await.unwrap();
    assert!(first.needs_code);
    assert_eq!(by_cookie(&bench, &first.token).await, Actor::Visitor);
    let code = totp::code_at(&secret, bench.clock.now()).unwrap();
    assert!(sign_in::with_code(&bench.db, &bench.sealer, first.token.expose(), "000000").await.is_err());
    let token = sign_in::with_code(&bench.db, &bench.sealer, first.token.expose(), &code).await.unwrap();
    assert!(matches!(by_cookie(&bench, &token).await, Actor::Member { .. }));
    assert_eq!(by_cookie(&bench, &first.token).await, Actor::Visitor, "the token from before the code is worth nothing");

    let second = sign_in(&bench, PASSWORD).await.unwrap();
    assert!(sign_in::with_code(&bench.db, &bench.sealer, second.token.expose(), &code).await.is_err(), "replayed");
    let typed = codes[0].to_uppercase().replace('-', " ");
    assert!(sign_in::with_code(&bench.db, &bench.sealer, second.token.expose(), &typed).await.is_ok());
    let third = sign_in(&bench, PASSWORD).await.unwrap();
    assert!(sign_in::with_code(&bench.db, &bench.sealer, third.token.expose(), &codes[0]).await.is_err(), "a recovery code opens once");
    // The key file is lost, and with it the secret: only a recovery code opens now, and no code is an internal error.
    let another = Sealer::new(&[4; 32]);
    let wrong = sign_in::with_code(&bench.db, &another, third.token.expose(), "000000").await.unwrap_err();
    assert_eq!(wrong.kind, Kind::Invalid, "{wrong:?}");
    assert!(sign_in::with_code(&bench.db, &another, third.token.expose(), &codes[1]).await.is_ok());
}

#[tokio::test]
async fn a_pending_login_ends_after_ten_minutes_and_an_idle_one_after_thirty_days() {
    let bench = bench().await;
    let login = sign_in(&bench, PASSWORD).await.unwrap();
    bench.clock.advance(Duration::from_secs(29 * 86_400));
    assert!(matches!(by_cookie(&bench, &login.token).await, Actor::Member { .. }), "and being seen prolongs it");
    bench.clock.advance(Duration::from_secs(29 * 86_400));
    assert!(matches!(by_cookie(&bench, &login.token).await, Actor::Member { .. }));
    bench.clock.advance(Duration::from_secs(31 * 86_400));
    assert_eq!(by_cookie(&bench, &login.token).await, Actor::Visitor);
}

#[tokio::test]
async fn logins_are_listed_and_can_be_ended_one_by_one() {
    let bench = bench().await;
    let login = sign_in(&bench, PASSWORD).await.unwrap();
    let other = sign_in(&bench, PASSWORD).await.unwrap();
    let owner = bench.owner;
    let rows = bench.db.read(move |r| store::list_logins(r, owner)).await.unwrap();
    assert_eq!(rows.len(), 2);
    let first = rows.iter().map(|row| row.id).min().unwrap();
    bench.db.write(move |tx| store::remove_login(tx, owner, first)).await.unwrap();
    assert_eq!(by_cookie(&bench, &login.token).await, Actor::Visitor);
    assert!(matches!(by_cookie(&bench, &other.token).await, Actor::Member { .. }));
}

#[tokio::test]
async fn a_disabled_member_is_out_at_once_and_the_last_owner_cannot_be_disabled() {
    let bench = bench().await;
    let owner = bench.owner;
    assert_eq!(bench.db.write(move |tx| store::set_disabled(tx, owner, true)).await.unwrap_err().kind, Kind::Conflict);
    assert_eq!(bench.db.write(move |tx| store::set_role(tx, owner, Role::Admin)).await.unwrap_err().kind, Kind::Conflict);
    let login = sign_in(&bench, PASSWORD).await.unwrap();
    bench
        .db
        .write(move |tx| {
            let email = Email::parse("second@example.com")?;
            store::insert_member(tx, &store::MemberInsert { email: &email, name: "Second", role: Role::Owner, password_hash: Some("x") })?;
            store::set_disabled(tx, owner, true)
        })
        .await
        .unwrap();
    assert_eq!(by_cookie(&bench, &login.token).await, Actor::Visitor);
    assert!(sign_in(&bench, PASSWORD).await.is_err());
}

#[tokio::test]
async fn a_key_is_known_by_its_digest_only_and_ends_when_revoked() {
    let bench = bench().await;
    let (id, token) =
        bench.db.write(|tx| store::new_key(tx, "deploy", Role::Member, &["uptime:read".to_owned()], "member:1 Owner")).await.unwrap();
    let bearer = format!("Bearer {}", token.expose());
    assert!(matches!(identify(&bench, header::AUTHORIZATION, bearer.clone()).await.unwrap(), Actor::Key { role: Role::Member, .. }));
    let gate = MemberGate { db: bench.db.clone(), cookie: LoginCookie { is_secure: false } };
    assert!(gate.has_scope(id, "uptime:read").await.unwrap());
    assert!(!gate.has_scope(id, "uptime:write").await.unwrap());
    bench.db.write(move |tx| store::remove_key(tx, id)).await.unwrap();
    assert_eq!(identify(&bench, header::AUTHORIZATION, bearer).await.unwrap_err().kind, Kind::Unauthorized);
    assert_eq!(identify(&bench, header::AUTHORIZATION, "Basic eDp5".into()).await.unwrap_err().kind, Kind::Unauthorized);
}

#[tokio::test]
async fn a_link_opens_once_and_only_in_time() {
    let bench = bench().await;
    let owner = bench.owner;
    let take = |token: Secret| bench.db.write(move |tx| store::take_link(tx, &kernel::ids::digest(token.expose()), Purpose::Password));
    let token = bench.db.write(move |tx| store::new_link(tx, owner, Purpose::Password)).await.unwrap();
    assert_eq!(take(token.clone()).await.unwrap(), Some(owner));
    assert_eq!(take(token).await.unwrap(), None);
    let late = bench.db.write(move |tx| store::new_link(tx, owner, Purpose::Password)).await.unwrap();
    bench.clock.advance(Duration::from_secs(3_601));
    assert_eq!(take(late).await.unwrap(), None);
}

#[test]
fn over_https_the_cookie_is_bound_to_the_host() {
    let cookie = LoginCookie { is_secure: true }.set("t");
    assert!(cookie.starts_with("__Host-hermetic_login=t; Path=/; HttpOnly; SameSite=Lax;") && cookie.ends_with("; Secure"));
}

#[test]
fn rules_of_passwords_roles_and_scopes() {
    assert!(checked_password("short").is_err() && checked_password("long enough it is").is_ok());
    assert!(may_grant(Role::Owner, Role::Owner) && may_grant(Role::Admin, Role::Admin));
    assert!(!may_grant(Role::Admin, Role::Owner) && !may_grant(Role::Member, Role::Viewer));
    let known = ["a:read".to_owned(), "a:write".to_owned()];
    assert_eq!(checked_scopes(&[known[1].clone(), known[0].clone(), known[1].clone()], &known).unwrap(), known);
    assert!(checked_scopes(&["b:read".to_owned()], &known).is_err() && checked_scopes(&[], &known).is_err());
}

#[test]
fn the_address_for_the_app_names_product_and_member() {
    let address = totp::address(&totp::new_secret(), "a@b.example", "My: House").unwrap();
    assert!(address.expose().starts_with("otpauth://totp/My%20%20House:a%40b.example?secret="), "{}", address.expose());
}
