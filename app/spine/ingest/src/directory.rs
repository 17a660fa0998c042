//! Projects and their keys, in memory: a wrong key is refused without asking the database, one that was switched off from the commit on.
//!
//! Commits tell a signal before they are answered. Each request looks whether there was one, and reads anew before it goes on.

use arc_swap::ArcSwap;
use db::{Db, Signal};
use identity::PROJECTS_TOPIC;
use identity::projects::{DsnKey, Project};
use identity::store as rows;
use kernel::Result;
use kernel::ids::{DsnKeyId, ProjectId};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::broadcast::{self, error::TryRecvError};

use crate::quota::Asker;
use crate::reason::Reason;
use crate::scrub::Scrubber;

pub(crate) struct KnownProject {
    pub project: Project,
    pub scrubber: Scrubber,
}

#[derive(Default)]
pub(crate) struct Keys {
    projects: HashMap<ProjectId, Arc<KnownProject>>,
    keys: HashMap<String, DsnKey>,
    active: HashSet<DsnKeyId>,
}

/// Who may report, and for which project.
#[derive(Clone)]
pub(crate) struct Caller {
    pub known: Arc<KnownProject>,
    pub asker: Asker,
}

/// Why somebody may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stranger {
    pub reason: Reason,
    /// The project that was meant, where there is one.
    pub project: Option<ProjectId>,
}

impl Keys {
    pub fn read(r: &db::Reader<'_>) -> Result<Keys> {
        let projects = rows::list_projects(r)?.into_iter().map(|project| {
            let scrubber = Scrubber::for_project(&project);
            (project.id, Arc::new(KnownProject { project, scrubber }))
        });
        let keys = rows::list_dsn_keys(r)?;
        let active = keys.iter().filter(|key| key.is_active).map(|key| key.id).collect();
        let keys = keys.into_iter().map(|key| (key.public_key.clone(), key)).collect();
        Ok(Keys { projects: projects.collect(), keys, active })
    }

    /// A key opens its own project and no other; without a project in the address (`/api/store/`) it names it.
    pub fn find(&self, project: Option<ProjectId>, key: &str) -> Result<Caller, Stranger> {
        let stranger = |reason| Stranger { reason, project: self.meant(project) };
        let key = self.keys.get(key).ok_or(stranger(Reason::UnknownKey))?;
        if project.is_some_and(|id| id != key.project) {
            return Err(stranger(Reason::UnknownKey));
        }
        let known = self.projects.get(&key.project).ok_or(stranger(Reason::UnknownKey))?;
        if !key.is_active {
            return Err(Stranger { reason: Reason::KeyOff, project: Some(key.project) });
        }
        let asker = Asker { project: key.project, key: key.id, per_minute: key.per_minute };
        Ok(Caller { known: Arc::clone(known), asker })
    }

    /// The project an address names, if there is one.
    pub fn meant(&self, project: Option<ProjectId>) -> Option<ProjectId> {
        project.filter(|id| self.projects.contains_key(id))
    }

    pub fn is_active(&self, id: DsnKeyId) -> bool {
        self.active.contains(&id)
    }
}

pub(crate) struct Directory {
    hermetic: Db,
    keys: ArcSwap<Keys>,
    signals: Mutex<broadcast::Receiver<Signal>>,
    /// How often it must have been read by now, and how often it was.
    wanted: AtomicU64,
    read: AtomicU64,
    reading: tokio::sync::Mutex<()>,
}

impl Directory {
    pub fn new(hermetic: Db) -> Directory {
        Directory {
            signals: Mutex::new(hermetic.signals()),
            hermetic,
            keys: ArcSwap::default(),
            wanted: AtomicU64::new(1),
            read: AtomicU64::new(0),
            reading: tokio::sync::Mutex::default(),
        }
    }

    /// As of the last commit that was answered before this call.
    pub async fn keys(&self) -> Result<Arc<Keys>> {
        self.listen();
        if self.read.load(Ordering::Acquire) < self.wanted.load(Ordering::Acquire) {
            let _turn = self.reading.lock().await;
            let wanted = self.wanted.load(Ordering::Acquire);
            if self.read.load(Ordering::Acquire) < wanted {
                self.keys.store(Arc::new(self.hermetic.read(Keys::read).await?));
                self.read.store(wanted, Ordering::Release);
            }
        }
        Ok(self.keys.load_full())
    }

    /// The next call of [`Self::keys`] reads: another process (the command line) may have written.
    pub fn forget(&self) {
        self.wanted.fetch_add(1, Ordering::AcqRel);
    }

    fn listen(&self) {
        let mut signals = self.signals.lock().unwrap_or_else(PoisonError::into_inner);
        let mut is_changed = false;
        loop {
            match signals.try_recv() {
                Ok(topic) => is_changed |= topic == PROJECTS_TOPIC,
                // What was missed may have been it.
                Err(TryRecvError::Lagged(_)) => is_changed = true,
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        if is_changed {
            self.wanted.fetch_add(1, Ordering::AcqRel);
        }
    }
}
