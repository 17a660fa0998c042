//! THE LIST, and the questions that are asked of all capabilities at once.

use db::{Migrations, Reader};
use kernel::Result;

use crate::frames::Frames;
use crate::settings::SPINE_SECTIONS;
use crate::{
    Apply, Capability, Condition, Diagnosis, Digest, Feed, FeedSource, Gauge, Hit, House, Metric, Person, ResponsePoint, Routes, Section,
    Stretch, Subject, Tile, Work,
};

#[derive(Clone, Copy)]
pub struct Registry(pub &'static [&'static dyn Capability]);

impl Registry {
    pub fn all(&self) -> &'static [&'static dyn Capability] {
        self.0
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|capability| capability.name() == name)
    }

    /// Every owner's tables of hermetic.db: first the spine's, on which the others may lean.
    pub fn migrations(&self) -> Vec<Migrations> {
        let spine = [
            Migrations { owner: "work", list: work::MIGRATIONS },
            Migrations { owner: "identity", list: identity::MIGRATIONS },
            Migrations { owner: "ingest", list: ingest::MIGRATIONS },
            Migrations { owner: "capability", list: crate::MIGRATIONS },
        ];
        let own = self.0.iter().map(|capability| Migrations { owner: capability.name(), list: capability.migrations() });
        spine.into_iter().chain(own).collect()
    }

    pub fn telemetry_migrations(&self) -> Vec<Migrations> {
        let spine = [Migrations { owner: "ingest", list: ingest::TELEMETRY_MIGRATIONS }];
        let own = self.0.iter().map(|capability| Migrations { owner: capability.name(), list: capability.telemetry_migrations() });
        spine.into_iter().chain(own).collect()
    }

    pub fn routes(&self) -> Routes {
        let mut routes = Routes::new();
        for capability in self.0 {
            capability.routes(routes.owned_by(capability.name()));
        }
        routes
    }

    pub fn work(&self) -> Work {
        let mut work = Work::default();
        crate::intake::work(&mut work);
        for capability in self.0 {
            capability.work(&mut work);
        }
        work
    }

    /// Settings by owner, the spine's first.
    pub fn sections(&self) -> Vec<(&'static str, Section)> {
        let own = self.0.iter().filter_map(|capability| capability.settings().map(|section| (capability.name(), section)));
        SPINE_SECTIONS.iter().copied().chain(own).collect()
    }

    pub fn digests(&self) -> impl Iterator<Item = &'static dyn Digest> {
        self.0.iter().flat_map(|capability| capability.digests()).copied()
    }

    /// What the others have about `subject`. On a blocking thread.
    pub fn related(&self, house: &House, subject: &Subject<'_>) -> Result<Vec<Hit>> {
        self.collect(|capability| capability.related(house, subject))
    }

    /// Removes what capabilities keep of somebody; gives which of them had how many things. On a blocking thread.
    pub fn erase(&self, house: &House, person: &Person) -> Result<Vec<(&'static str, u64)>> {
        let mut erased = Vec::new();
        for capability in self.0 {
            let things = capability.erase(house, person)?;
            if things > 0 {
                erased.push((capability.name(), things));
            }
        }
        Ok(erased)
    }

    /// The first that leads built frames back to their source.
    pub fn frames(&self) -> Option<&'static dyn Frames> {
        self.0.iter().find_map(|capability| capability.frames())
    }

    pub fn tiles(&self, r: &Reader<'_>) -> Result<Vec<Tile>> {
        self.collect(|capability| capability.tiles(r))
    }

    pub fn search(&self, r: &Reader<'_>, query: &str) -> Result<Vec<Hit>> {
        self.collect(|capability| capability.search(r, query))
    }

    pub fn gauges(&self, house: &House, r: &Reader<'_>) -> Result<Vec<Gauge>> {
        let mut all = crate::intake::gauges(house);
        all.extend(self.collect(|capability| capability.gauges(house, r))?);
        Ok(all)
    }

    pub fn diagnose(&self, r: &Reader<'_>) -> Result<Vec<Diagnosis>> {
        self.collect(|capability| capability.diagnose(r))
    }

    /// A change of settings that do not agree is not kept.
    pub fn check_settings(&self, r: &Reader<'_>) -> Result<()> {
        self.0.iter().try_for_each(|capability| capability.check_settings(r))
    }

    pub fn metrics(&self) -> Vec<Metric> {
        self.0.iter().flat_map(|capability| capability.metrics()).copied().collect()
    }

    pub fn apply_sections(&self) -> Vec<&'static dyn Apply> {
        self.0.iter().flat_map(|capability| capability.apply()).copied().collect()
    }

    pub fn feed_sources(&self, r: &Reader<'_>) -> Result<Vec<FeedSource>> {
        self.collect(|capability| capability.feed().map_or(Ok(Vec::new()), |feed| feed.sources(r)))
    }

    pub fn conditions(&self, r: &Reader<'_>) -> Result<Vec<(String, Condition)>> {
        self.collect(|capability| capability.feed().map_or(Ok(Vec::new()), |feed| feed.conditions(r)))
    }

    pub fn history(&self, r: &Reader<'_>, key: &str, from: kernel::Time, to: kernel::Time) -> Result<Vec<Stretch>> {
        self.feed_of(key).map_or(Ok(Vec::new()), |feed| feed.history(r, key, from, to))
    }

    pub fn response_times(&self, r: &Reader<'_>, key: &str, from: kernel::Time, to: kernel::Time) -> Result<Vec<ResponsePoint>> {
        self.feed_of(key).map_or(Ok(Vec::new()), |feed| feed.response_times(r, key, from, to))
    }

    /// The feed behind a key such as `uptime:12`; `None` when its capability is gone.
    fn feed_of(&self, key: &str) -> Option<&'static dyn Feed> {
        let (word, _) = key.split_once(':')?;
        self.0.iter().find(|capability| capability.name() == word)?.feed()
    }

    fn collect<T>(&self, ask: impl Fn(&'static dyn Capability) -> Result<Vec<T>>) -> Result<Vec<T>> {
        let mut all = Vec::new();
        for capability in self.0 {
            all.extend(ask(*capability)?);
        }
        Ok(all)
    }
}
