//! The context everything works in. Built once at start, cheap to clone.

use db::{Db, Reader, Tx};
use ingest::Door;
use kernel::text::WebUrl;
use kernel::{Clock, Result, Sealer, Time};
use outbound::Outbound;
use std::net::SocketAddr;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;
use web::{HotPages, Limiter, Live, Metrics};

use crate::{Registry, Slots};

/// What must be known before the database is open; everything else is a setting.
#[derive(Debug, Clone)]
pub struct Boot {
    pub data_dir: PathBuf,
    pub listen: SocketAddr,
    /// Where people reach this instance; links in mails start with it.
    pub public_url: WebUrl,
    pub version: &'static str,
    /// `demo` marks its pages and refuses nothing.
    pub is_demo: bool,
}

pub struct House {
    pub hermetic: Db,
    pub telemetry: Db,
    /// Where programs report.
    pub ingest: Door,
    pub clock: Clock,
    pub outbound: Outbound,
    pub sealer: Sealer,
    pub live: Live,
    pub hot: HotPages,
    pub limiter: Limiter,
    pub metrics: Metrics,
    pub boot: Boot,
    pub registry: Registry,
    pub started_at: Time,
    /// What capabilities keep in memory.
    pub slots: Slots,
}

#[derive(Clone)]
pub struct Cx(Arc<House>);

impl Cx {
    pub fn new(house: House) -> Self {
        Self(Arc::new(house))
    }

    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// Reads hermetic.db.
    pub async fn read<T: Send + 'static>(&self, f: impl FnOnce(&Reader<'_>) -> Result<T> + Send + 'static) -> Result<T> {
        self.hermetic.read(f).await
    }

    /// Writes hermetic.db.
    pub async fn write<T: Send + 'static>(&self, f: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static) -> Result<T> {
        self.hermetic.write(f).await
    }

    /// An absolute address on this instance, for mails and notices. `path` starts with a slash.
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.boot.public_url.as_str().trim_end_matches('/'))
    }
}

impl Deref for Cx {
    type Target = House;
    fn deref(&self) -> &House {
        &self.0
    }
}
