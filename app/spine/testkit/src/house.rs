//! [`TestHouse`]: everything of a served instance but the listening socket.

use capability::{Boot, Capability, Cx, OpenOptions, Registry};
use identity::projects::{DsnKey, Project, ProjectDraft};
use identity::sign_in::Browser;
use identity::store::{self, MemberInsert};
use kernel::ids::MemberId;
use kernel::text::{Email, WebUrl};
use kernel::{Clock, Fact, Role, Sealer, Secret, Time};
use outbound::{GuardOptions, Outbound, OutboundOptions};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

use crate::{Answer, Client};

/// A Monday, 2026-03-02 12:00 UTC: away from every change of clocks.
pub const START: Time = Time(1_772_452_800_000);
pub const PUBLIC_URL: &str = "http://hermetic.example";
const PASSWORD: &str = "correct horse battery";

pub struct TestHouse {
    pub cx: Cx,
    pub clock: Clock,
    pub runner: work::Runner<Cx>,
    router: axum::Router,
    shutdown: CancellationToken,
    password_hash: Arc<tokio::sync::OnceCell<String>>,
    folder: tempfile::TempDir,
}

impl TestHouse {
    /// With these capabilities, and a frozen clock at [`START`].
    pub async fn new(capabilities: &'static [&'static dyn Capability]) -> TestHouse {
        Self::with_guard(capabilities, GuardOptions::strict()).await
    }

    /// Whose files are copied: only the copier moves their logs.
    pub async fn copied(capabilities: &'static [&'static dyn Capability]) -> TestHouse {
        Self::build(capabilities, GuardOptions::strict(), db::Checkpoints::ByCopier).await
    }

    /// For tests whose strangers' webhooks are fakes on loopback: `guard` names the sockets that count as public.
    pub async fn with_guard(capabilities: &'static [&'static dyn Capability], guard: GuardOptions) -> TestHouse {
        Self::build(capabilities, guard, db::Checkpoints::Automatic).await
    }

    async fn build(capabilities: &'static [&'static dyn Capability], guard: GuardOptions, checkpoints: db::Checkpoints) -> TestHouse {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clock = Clock::frozen(START);
        let shutdown = CancellationToken::new();
        let outbound =
            Outbound::new(OutboundOptions { guard, ..OutboundOptions::new(clock.clone(), "hermetic-test") }).expect("the ways out");
        let boot = Boot {
            data_dir: folder.path().to_owned(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            public_url: WebUrl::parse(PUBLIC_URL).expect("a web address"),
            version: "test",
            is_demo: false,
        };
        let options = OpenOptions {
            boot,
            registry: Registry(capabilities),
            clock: clock.clone(),
            outbound,
            sealer: Sealer::new(&[5; 32]),
            accepts_new_key: false,
            log_folder: None,
            checkpoints,
            shutdown: shutdown.clone(),
        };
        let cx = capability::open(options).expect("the house opens");
        let router = capability::router(&cx, Vec::new()).expect("the routes fit");
        let runner = capability::runner(&cx).expect("the work is wired");
        TestHouse { cx, clock, runner, router, shutdown, password_hash: Arc::default(), folder }
    }

    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Runs all work that is due at the frozen time; gives how many jobs and deliveries that were.
    pub async fn work(&self) -> usize {
        self.runner.drain().await.expect("the work runs")
    }

    /// Lets every capability digest what was reported, then runs all work that is due. Gives how many items there were.
    pub async fn digest(&self) -> usize {
        let mut all = 0;
        for digest in self.cx.registry.digests() {
            all += capability::digest::drain(&self.cx, digest).await.expect("the items are digested");
        }
        self.work().await;
        all
    }

    /// Moves the clock and runs what became due.
    pub async fn pass(&self, span: Duration) -> usize {
        self.clock.advance(span);
        self.work().await
    }

    /// Moves the clock in steps, running what is due at each: as a server would have lived through it.
    pub async fn live_through(&self, span: Duration, step: Duration) {
        let end = self.clock.now() + span;
        while self.clock.now() < end {
            self.pass(step).await;
        }
    }

    /// Records a fact as if its owner had, and lets the others react.
    pub async fn tell(&self, fact: Fact) -> usize {
        self.cx.write(move |tx| work::record(tx, &fact)).await.expect("the fact is recorded");
        self.work().await
    }

    /// A program that may report, with its first key.
    pub async fn project(&self, name: &str) -> (Project, DsnKey) {
        let draft = ProjectDraft::named(name);
        self.cx.write(move |tx| store::new_project(tx, draft)).await.expect("a project")
    }

    /// Reports an envelope as an SDK does: a line for the envelope, then two for each item.
    pub async fn post_envelope(&self, key: &DsnKey, header: serde_json::Value, items: &[(&str, serde_json::Value)]) -> Answer {
        let mut body = header.to_string();
        for (kind, payload) in items {
            body.push_str(&format!("\n{{\"type\":\"{kind}\"}}\n{payload}"));
        }
        self.report(key, body.into_bytes()).await
    }

    /// Reports an envelope byte by byte as it is given.
    pub async fn report(&self, key: &DsnKey, envelope: Vec<u8>) -> Answer {
        let path = format!("/api/{}/envelope/?sentry_key={}", key.project, key.public_key);
        let request = http::Request::post(path).header("content-type", "application/x-sentry-envelope");
        self.visitor().call(request.body(axum::body::Body::from(envelope)).expect("a request")).await
    }

    /// Somebody who is not signed in.
    pub fn visitor(&self) -> Client {
        Client::new(self.router.clone(), None)
    }

    /// A signed-in member of this role.
    pub async fn member(&self, role: Role) -> Client {
        let id = self.new_member(role).await;
        let token = self.sign_in(id).await;
        let cookie = identity::LoginCookie { is_secure: false };
        Client::new(self.router.clone(), Some(("cookie", format!("{}={token}", cookie.name()))))
    }

    /// A program with an API key.
    pub async fn key(&self, role: Role, scopes: &[&str]) -> Client {
        let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let name = kernel::ids::random_public_id();
        let (_, token) = self.cx.write(move |tx| store::new_key(tx, &name, role, &scopes, "test")).await.expect("a key");
        Client::new(self.router.clone(), Some(("authorization", format!("Bearer {}", token.expose()))))
    }

    async fn new_member(&self, role: Role) -> MemberId {
        let hash = self
            .password_hash
            .get_or_init(|| async { identity::password::hash(&Secret::new(PASSWORD)).await.expect("a hash") })
            .await
            .clone();
        let email = Email::parse(&format!("{}@example.com", kernel::ids::random_public_id())).expect("an address");
        let insert = move |tx: &mut db::Tx<'_>| {
            store::insert_member(tx, &MemberInsert { email: &email, name: &format!("Test {role}"), role, password_hash: Some(&hash) })
        };
        self.cx.write(insert).await.expect("a member")
    }

    async fn sign_in(&self, id: MemberId) -> String {
        let member = self.cx.read(move |r| store::get_member(r, id)).await.expect("the member");
        let browser = Browser { address: "127.0.0.1".into(), user_agent: "test".into() };
        let signed_in = identity::sign_in::with_password(&self.cx.hermetic, member.email.as_str(), &Secret::new(PASSWORD), browser).await;
        signed_in.expect("the password fits").token.expose().to_owned()
    }
}

impl Drop for TestHouse {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}
