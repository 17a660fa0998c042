//! The page in memory: rendered on each change and each minute, answered without touching the database. When something fails,
//! what was published last stays.

use crate::links::Links;
use crate::load;
use crate::model::Snapshot;
use crate::settings;
use crate::site::{self, File};
use capability::Cx;
use kernel::time::Stopwatch;
use kernel::{Error, Result};
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;
use web::{HotOptions, HotPage, HotSite};

/// Caches may serve the page for this long, and an old one while the host does not answer.
pub const CACHE: &str = "public, max-age=10, stale-while-revalidate=60, stale-if-error=86400";
const OWNER: &str = "status";
/// What people do shows after this, what checks find after [`BETWEEN`]; the clock on the page moves each [`MINUTE`].
const SOON: Duration = Duration::from_secs(1);
const BETWEEN: Duration = Duration::from_secs(10);
const MINUTE: Duration = Duration::from_secs(60);

/// Keeps what did not change: its bytes are rendered and compressed once. Of a page only the digest is kept beside it.
#[derive(Default)]
pub struct Publisher {
    kept: HashMap<(u8, String), (String, HotPage)>,
    lasting: HashMap<u8, (String, Vec<(String, HotPage)>)>,
}

/// What one look at the database gave.
struct Seen {
    snapshot: Snapshot,
    served: Links,
    own: Option<(String, Links)>,
    is_protected: bool,
}

pub async fn run(cx: Cx, shutdown: CancellationToken) {
    let mut publisher = Publisher::default();
    let mut signals = cx.hermetic.signals();
    loop {
        publisher = publisher.publish_once(&cx).await;
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = due(&mut signals) => {}
        }
    }
}

/// Returns when it is time to publish again, here or elsewhere.
pub(crate) async fn due(signals: &mut Receiver<&'static str>) {
    let watch = Stopwatch::start();
    let mut limit = MINUTE;
    while watch.elapsed() < limit {
        tokio::select! {
            () = tokio::time::sleep(limit.saturating_sub(watch.elapsed())) => {}
            topic = signals.recv() => match topic {
                Ok("status" | capability::settings::TOPIC) => limit = limit.min(SOON),
                Ok("uptime") | Err(RecvError::Lagged(_)) => limit = limit.min(BETWEEN),
                Ok(_) => {}
                Err(RecvError::Closed) => tokio::time::sleep(MINUTE).await,
            },
        }
    }
}

impl Publisher {
    /// Publishes, or says in the log why not; a panic while rendering costs the cache only.
    pub async fn publish_once(self, cx: &Cx) -> Self {
        match self.publish(cx).await {
            Ok(publisher) => publisher,
            Err(error) => {
                tracing::error!(error = %error.chain(), "the status page was not renewed; visitors see the last one");
                Self::default()
            }
        }
    }

    pub(crate) async fn publish(mut self, cx: &Cx) -> Result<Self> {
        let (registry, boot) = (cx.registry, cx.boot.clone());
        let seen = cx
            .read(move |r| {
                let own = settings::host(r)?;
                Ok(Seen {
                    snapshot: load::snapshot(r, registry)?,
                    served: settings::served_links(r, &boot)?,
                    own: own.map(|host| Ok::<_, Error>((host, settings::host_links(r, &boot)?))).transpose()?,
                    is_protected: settings::is_protected(r)?,
                })
            })
            .await?;
        let hot = cx.hot.clone();
        let work = move || {
            hot.publish(OWNER, self.sites(&seen));
            self
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| Error::internal("rendering the status page").because(error))
    }

    fn sites(&mut self, seen: &Seen) -> Vec<HotSite> {
        if seen.is_protected {
            // A password cannot be asked from memory: the routes answer, also at the root of the own host name.
            let led = || HashMap::from([("/".to_owned(), "/status")]);
            return seen.own.iter().map(|(host, _)| HotSite { host: Some(host.clone()), led: led(), ..HotSite::default() }).collect();
        }
        let mut sites = vec![HotSite { host: None, pages: self.pages(0, &seen.snapshot, &seen.served, "/status"), ..HotSite::default() }];
        if let Some((host, links)) = &seen.own {
            sites.push(HotSite { host: Some(host.clone()), pages: self.pages(1, &seen.snapshot, links, ""), ..HotSite::default() });
        }
        sites
    }

    fn pages(&mut self, form: u8, snapshot: &Snapshot, links: &Links, base: &str) -> HashMap<String, HotPage> {
        let mark = fingerprint(snapshot, links);
        let lasting = match self.lasting.remove(&form) {
            Some((known, pages)) if known == mark => pages,
            _ => site::lasting_recent(snapshot, links).into_iter().map(|file| (at(base, &file.path), hot_page(&file))).collect(),
        };
        let mut pages: HashMap<String, HotPage> = lasting.iter().cloned().collect();
        self.lasting.insert(form, (mark, lasting));
        let mut kept = HashMap::new();
        for file in site::present(snapshot, links) {
            let (digest, page) = self.page(form, &file);
            if file.path.is_empty() && !base.is_empty() {
                pages.insert(base.to_owned(), page.clone());
            }
            pages.insert(at(base, &file.path), page.clone());
            kept.insert((form, file.path), (digest, page));
        }
        self.kept.retain(|(other, _), _| *other != form);
        self.kept.extend(kept);
        pages
    }

    fn page(&mut self, form: u8, file: &File) -> (String, HotPage) {
        let digest = kernel::ids::digest(&format!("{:?}{}", file.csp, file.body));
        match self.kept.remove(&(form, file.path.clone())) {
            Some((known, page)) if known == digest => (known, page),
            _ => (digest, hot_page(file)),
        }
    }
}

fn at(base: &str, path: &str) -> String {
    format!("{base}/{path}")
}

fn hot_page(file: &File) -> HotPage {
    let options = HotOptions { cache_control: CACHE.to_owned(), csp: file.csp.clone(), cors: file.is_data() };
    HotPage::new(file.content_type, file.body.clone().into_bytes(), options)
}

/// Equal as long as no page of history would come out differently, and at most for a day: then what is recent is judged anew.
pub(crate) fn fingerprint(snapshot: &Snapshot, links: &Links) -> String {
    let names: Vec<(&str, &str)> = snapshot.components().map(|component| (component.public_id.as_str(), component.name.as_str())).collect();
    let day = snapshot.generated_at.day_start();
    kernel::ids::digest(&format!(
        "{day}{:?}{:?}{:?}{names:?}{:?}{links:?}",
        snapshot.look,
        snapshot.reports,
        snapshot.maintenances,
        snapshot.months()
    ))
}
