//! The socket: what a capability may contribute, and the context it works in.
//!
//! - [`Capability`]: one trait object per capability; every method but the name has an empty default
//! - [`Cx`], [`House`], [`Boot`]: databases, clock, ways out, sealer, registry
//! - [`Registry`]: THE LIST, and the questions that are asked of all capabilities at once
//! - [`contribution`]: navigation, tiles, search hits, metrics, gauges, retention, diagnoses
//! - [`feed`]: conditions of watched things, for the status page
//! - [`settings`]: typed settings, rendered by the console; [`mail`]: the instance's way to send mail
//! - [`intake`]: settings and loops of the observation door; [`digest`]: what a capability makes of reported items; [`frames`]: built files led back to the source
//! - [`apply`]: sections of `hermetic apply file.toml`

pub mod apply;
pub mod contribution;
mod cx;
pub mod digest;
pub mod feed;
mod framed;
pub mod frames;
mod hand;
pub mod intake;
pub mod mail;
mod open;
mod registry;
pub mod settings;
mod slots;
mod store;
mod tasks;

pub use apply::{Apply, ApplyContext, Change, Verb};
pub use contribution::{Diagnosis, Gauge, Hit, Keep, Metric, Nav, NavGroup, Person, Reading, Subject, Tile};
pub use cx::{Boot, Cx, House};
pub use digest::Digest;
pub use feed::{Condition, Feed, FeedSource, ResponsePoint, Stretch};
pub use framed::Framed;
pub use identity::audit;
pub use open::{LOG_FLOOR, OpenOptions, is_https, open, plain_frame, route_table, router, runner};
pub use registry::Registry;
pub use settings::{Section, Setting, SettingKind};
pub use slots::{Durability, Slots};
pub use tasks::Tasks;

use db::{Migration, Reader};
use kernel::Result;

pub type Routes = web::Routes<Cx>;
pub type Work = work::Work<Cx>;

pub const MIGRATIONS: &[Migration] = &[Migration { number: 1, name: "settings", sql: include_str!("../migrations/0001_settings.sql") }];

/// What one capability is. Its implementation is its table of contents.
pub trait Capability: Sync {
    /// The one word: folder, crate, URL prefix, table prefix, job, setting, metric and log prefix.
    fn name(&self) -> &'static str;

    /// Tables in hermetic.db, the state.
    fn migrations(&self) -> &'static [Migration] {
        &[]
    }

    /// Tables in telemetry.db, the log of observations.
    fn telemetry_migrations(&self) -> &'static [Migration] {
        &[]
    }

    fn routes(&self, _routes: &mut Routes) {}

    /// Jobs, schedules, senders, reactions.
    fn work(&self, _work: &mut Work) {}

    /// What it makes of the items that programs reported.
    fn digests(&self) -> &'static [&'static dyn Digest] {
        &[]
    }

    /// Loops that run as long as the server does.
    fn start(&self, _cx: &Cx, _tasks: &mut Tasks) {}

    fn settings(&self) -> Option<Section> {
        None
    }

    fn nav(&self) -> &'static [Nav] {
        &[]
    }

    /// What the home page shows of this capability.
    fn tiles(&self, _r: &Reader<'_>) -> Result<Vec<Tile>> {
        Ok(Vec::new())
    }

    /// At most ten hits for the console's search.
    fn search(&self, _r: &Reader<'_>, _query: &str) -> Result<Vec<Hit>> {
        Ok(Vec::new())
    }

    /// What it has about something that another capability shows: at most ten hits. Called on a blocking thread.
    fn related(&self, _house: &House, _subject: &Subject<'_>) -> Result<Vec<Hit>> {
        Ok(Vec::new())
    }

    fn frames(&self) -> Option<&'static dyn frames::Frames> {
        None
    }

    fn feed(&self) -> Option<&'static dyn Feed> {
        None
    }

    /// Removes what it keeps of somebody; gives how many things that were. Called on a blocking thread; done again it finds nothing more.
    fn erase(&self, _house: &House, _person: &Person) -> Result<u64> {
        Ok(0)
    }

    /// Numbers that alert rules may watch.
    fn metrics(&self) -> &'static [Metric] {
        &[]
    }

    /// Numbers for Prometheus, from the tables and from what the house keeps in memory.
    fn gauges(&self, _house: &House, _r: &Reader<'_>) -> Result<Vec<Gauge>> {
        Ok(Vec::new())
    }

    /// How long what is kept, as the settings page and the doctor tell it.
    fn keep(&self) -> &'static [Keep] {
        &[]
    }

    fn apply(&self) -> &'static [&'static dyn Apply] {
        &[]
    }

    /// Whether its settings, each of which is right by itself, agree. Asked before a change is kept.
    fn check_settings(&self, _r: &Reader<'_>) -> Result<()> {
        Ok(())
    }

    /// What `hermetic doctor` and the console's health page say about this capability.
    fn diagnose(&self, _r: &Reader<'_>) -> Result<Vec<Diagnosis>> {
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests;
