//! Putting a house together: files opened and migrated, routes behind their gates, work wired. The server and the tests
//! use the same three steps, so that a test never meets a house that could not be served.

use axum::Router;
use axum::extract::FromRef;
use db::{Db, File};
use frontend::PlainFrame;
use identity::{LoginCookie, MemberGate};
use ingest::Door;
use kernel::{Clock, Error, Result, Role, Sealer};
use outbound::Outbound;
use std::path::PathBuf;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use web::{Access, Admission, FinishOptions, HotPages, Limiter, Live, Metrics, RouteEntry, live_handler};

use crate::slots::Durability;
use crate::{Boot, Cx, House, Registry, Slots, framed, intake, settings};

/// Reads at once per file. Each costs a page cache of at most 2 MB; a small SaaS has a handful of people looking.
const READERS: usize = 4;

/// With less of the disk free than this, observations are refused.
pub const LOG_FLOOR: u64 = 256 << 20;

/// When the disk fills up, observations are refused first and the state last: what a person did must still be stored, and the
/// alert that says why.
fn floor(file: File) -> u64 {
    match file {
        File::Hermetic => 64 << 20,
        File::Telemetry => LOG_FLOOR,
    }
}

pub struct OpenOptions {
    pub boot: Boot,
    pub registry: Registry,
    pub clock: Clock,
    pub outbound: Outbound,
    pub sealer: Sealer,
    /// The key file was replaced on purpose: what the old one sealed is given up.
    pub accepts_new_key: bool,
    /// Where telemetry.db stands in for the real one while that is being restored.
    pub log_folder: Option<PathBuf>,
    /// [`db::Checkpoints::ByCopier`] where the files are replicated.
    pub checkpoints: db::Checkpoints,
    /// Ends live streams, so that they do not hold the drain.
    pub shutdown: CancellationToken,
}

/// Opens both files and brings their tables up to date.
pub fn open(options: OpenOptions) -> Result<Cx> {
    let file = |file| {
        Db::open(db::OpenOptions {
            folder: match (&options.log_folder, file) {
                (Some(folder), File::Telemetry) => folder.clone(),
                _ => options.boot.data_dir.clone(),
            },
            file,
            readers: READERS,
            clock: options.clock.clone(),
            checkpoints: options.checkpoints,
            floor: floor(file),
        })
    };
    let (hermetic, telemetry) = (file(File::Hermetic)?, file(File::Telemetry)?);
    hermetic.migrate(options.registry.migrations())?;
    telemetry.migrate(options.registry.telemetry_migrations())?;
    let read = hermetic.read_blocking(ingest::store::farthest_cursor)?;
    if telemetry.write_blocking(move |tx| ingest::store::go_on_behind(tx, read))? {
        tracing::warn!("the log is older than the state beside it, as after a restore: it goes on behind what was read of the newer one");
    }
    let (sealer, accepts_new_key) = (options.sealer.clone(), options.accepts_new_key);
    let fits = hermetic.read_blocking(|r| settings::key_fits(r, &sealer))?;
    if fits != Some(true) {
        hermetic.write_blocking(move |tx| settings::mark_key(tx, &sealer, accepts_new_key))?;
    }
    let is_https = options.boot.public_url.url().scheme() == "https";
    let ingest = Door::new(hermetic.clone(), telemetry.clone(), options.clock.clone());
    ingest.set_allowances(hermetic.read_blocking(intake::allowances)?);
    Ok(Cx::new(House {
        hermetic,
        telemetry,
        ingest,
        started_at: options.clock.now(),
        limiter: Limiter::new(options.clock.clone()),
        clock: options.clock,
        outbound: options.outbound,
        sealer: options.sealer,
        live: Live::new(options.shutdown),
        hot: HotPages::new(is_https),
        metrics: Metrics::default(),
        boot: options.boot,
        registry: options.registry,
        slots: Slots::default(),
    }))
}

/// Every route of the house as a table: what is served, and what the role matrix and the API document are checked against.
pub fn route_table(registry: Registry) -> Vec<RouteEntry> {
    routes(registry).entries().to_vec()
}

fn routes(registry: Registry) -> crate::Routes {
    let mut routes = registry.routes();
    ingest::mount(&mut routes);
    routes.owned_by("web");
    routes.get("/assets/{*path}", Access::Open, web::files::asset_handler);
    routes.get("/live", Access::Rank(Role::Viewer), live_handler);
    routes
}

/// The router as it is served, with gates, headers and error pages. What is wired wrongly is told here, at start.
pub fn router(cx: &Cx, trusted_proxies: Vec<ipnet::IpNet>) -> Result<Router> {
    let is_https = is_https(cx);
    let gate = MemberGate { db: cx.hermetic.clone(), cookie: LoginCookie { is_secure: is_https } };
    let admission = Admission { gate: Arc::new(gate), public_url: cx.boot.public_url.clone(), durable: Some(Arc::new(InSlot(cx.clone()))) };
    let router = routes(cx.registry).into_router(&admission).map_err(|problems| Error::internal(problems.join(" ")))?;
    let options = FinishOptions { error_page, is_https, trusted_proxies, metrics: cx.metrics.clone() };
    Ok(web::finish(router.with_state(cx.clone()), options))
}

/// What holds answers back lies in a slot of the house ([`Durability`]), put there when copies are made.
struct InSlot(Cx);

impl web::Durable for InSlot {
    fn reached<'a>(&'a self, owner: &'static str) -> web::BoxFuture<'a, web::Kept> {
        Box::pin(async move {
            match self.0.slots.find::<Durability>() {
                Some(durability) => durability.0.reached(owner).await,
                None => web::Kept::NotAsked,
            }
        })
    }
}

/// The work of the house, ready to run.
pub fn runner(cx: &Cx) -> Result<work::Runner<Cx>> {
    let work = cx.registry.work();
    let problems = work.problems();
    if problems.is_empty() {
        Ok(work::Runner::new(cx.hermetic.clone(), cx.clone(), work))
    } else {
        Err(Error::internal(problems.join("; ")))
    }
}

pub fn is_https(cx: &Cx) -> bool {
    cx.boot.public_url.url().scheme() == "https"
}

/// What a page outside of the console stands in.
pub fn plain_frame(product: &str) -> PlainFrame {
    PlainFrame { product: product.to_owned(), assets: framed::asset_urls(), ..PlainFrame::default() }
}

fn error_page(code: u16, title: &str, sentence: &str, next: &str) -> String {
    let page = frontend::ErrorPage { code, title, sentence, next: next.into(), next_label: "Go on" };
    frontend::error_page(&plain_frame("Hermetic"), &page)
}

impl FromRef<Cx> for Live {
    fn from_ref(cx: &Cx) -> Live {
        cx.live.clone()
    }
}

impl FromRef<Cx> for Door {
    fn from_ref(cx: &Cx) -> Door {
        cx.ingest.clone()
    }
}
