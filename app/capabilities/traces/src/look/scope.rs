//! [`Scope`]: what was asked for, checked.

use db::Reader;
use identity::projects::Project;
use ingest::releases::Release;
use kernel::ids::{ProjectId, ReleaseId};
use kernel::{Result, Time};
use serde::Deserialize;

use crate::model::window::{Period, Window};
use crate::store::names;
use crate::store::rollups::Filter;

/// As it stands in an address. Empty texts ask for nothing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    pub project: String,
    pub environment: String,
    pub release: String,
    pub window: String,
    pub sort: String,
    /// Only names that contain this.
    pub q: String,
}

/// The order of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    #[default]
    Time,
    Slow,
    Often,
    Failed,
    Worse,
}

impl Order {
    pub const ALL: [Order; 5] = [Order::Time, Order::Slow, Order::Often, Order::Failed, Order::Worse];

    pub fn word(self) -> &'static str {
        match self {
            Order::Time => "time",
            Order::Slow => "p95",
            Order::Often => "count",
            Order::Failed => "failed",
            Order::Worse => "trend",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Order::Time => "Total time",
            Order::Slow => "p95",
            Order::Often => "Count",
            Order::Failed => "Failures",
            Order::Worse => "Slower than before",
        }
    }

    pub fn parse(word: &str) -> Option<Order> {
        Self::ALL.into_iter().find(|order| order.word() == word)
    }
}

#[derive(Debug, Clone)]
pub struct Scope {
    pub asked: Asked,
    pub project: Option<ProjectId>,
    pub period: Period,
    pub order: Order,
    pub window: Window,
    pub filter: Filter,
    pub now: Time,
    pub projects: Vec<Project>,
    pub environments: Vec<String>,
    /// Of the chosen project, the newest first.
    pub releases: Vec<Release>,
}

/// A release of that name that no row can have.
const NONE: ReleaseId = ReleaseId(-1);

impl Scope {
    /// Whatever is not known is shown as what it is: a scope in which nothing was counted.
    pub fn of(r: &Reader<'_>, asked: Asked) -> Result<Scope> {
        let projects = identity::store::list_projects(r)?;
        let project = match asked.project.trim() {
            "" => None,
            slug => Some(identity::store::find_project_by_slug(r, slug)?.map_or(ProjectId(-1), |project| project.id)),
        };
        let releases = project.map_or(Ok(Vec::new()), |project| ingest::store::list_releases(r, project, 50))?;
        let release = match (asked.release.trim(), project) {
            ("", _) => None,
            (version, Some(project)) => Some(ingest::store::find_release(r, project, version)?.map_or(NONE, |release| release.id)),
            (_, None) => None,
        };
        let environment = Some(asked.environment.trim().to_owned()).filter(|name| !name.is_empty());
        let period = Period::parse(&asked.window).unwrap_or_default();
        Ok(Scope {
            project,
            period,
            order: Order::parse(&asked.sort).unwrap_or_default(),
            window: period.window(r.now),
            filter: Filter { project, environment, release },
            now: r.now,
            environments: names::environments(r, project)?,
            releases,
            projects,
            asked,
        })
    }

    pub fn project_name(&self, id: ProjectId) -> &str {
        self.projects.iter().find(|project| project.id == id).map_or("", |project| project.name.as_str())
    }

    /// Minutes of the window that have passed.
    pub fn minutes(&self) -> f64 {
        self.window.minutes(self.now)
    }
}
