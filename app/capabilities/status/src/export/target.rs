//! A place brought up to date: only what changed is put, what no longer belongs is removed, a reader never meets half a site.
//!
//! Nouns: [`Target`], [`Known`] (what stands there).

use super::manifest::{self, Files, Mark};
use super::place::told;
use super::{Cadence, Exported, Place};
use crate::links::Links;
use crate::model::Snapshot;
use crate::publisher::fingerprint;
use crate::site::{self, File};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use kernel::time::DAY;
use kernel::{Error, Result, Time};
use replica::store::{Body, Listed, PutOptions, Store};
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

/// Puts under way at once: the first export of a long history should not take minutes.
const AT_ONCE: usize = 8;
/// A round a little early is the round that was meant.
const SLACK: Duration = Duration::from_secs(5);
/// Metadata of each object, without `x-amz-meta-`.
const HASH: &str = "hermetic-hash";

pub struct Target {
    store: Store,
    address: String,
    mark: String,
    cadence: Cadence,
    known: Option<Known>,
    is_withdrawn: bool,
}

/// What stands there, as far as we put it.
struct Known {
    files: Files,
    /// The pages of the past that are there, by the mark of what they were made of.
    lasting: Option<(String, BTreeSet<String>)>,
    /// When it was compared with what is really there.
    looked_at: Time,
    /// When the first pages were put.
    stamped_at: Option<Time>,
}

/// The site as it should be. `past` is `None` while what stands there is still right.
struct Wanted {
    mark: String,
    past: Option<Vec<File>>,
    /// Feeds, data, badges.
    data: Vec<File>,
    /// One per language; the one without prefix comes last.
    first: Vec<File>,
}

impl Target {
    pub fn open(place: &Place, ca_pem: Option<String>) -> Result<Target> {
        let (store, address, mark) = (place.open(ca_pem)?, place.address.clone(), place.mark());
        Ok(Target { store, address, mark, cadence: place.cadence, known: None, is_withdrawn: false })
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    /// How the first page is listed, which changes with each renewal; `None` when it is not there.
    pub async fn first_page(&self) -> Result<Option<String>> {
        let listed = self.store.list("index.html").await.map_err(told)?;
        let page = listed.into_iter().find(|object| object.key == "index.html");
        Ok(page.map(|page| format!("{} {} {}", page.etag.unwrap_or_default(), page.modified.0, page.size)))
    }

    pub fn is_at(&self, place: &Place) -> bool {
        self.mark == place.mark()
    }

    /// The time is the snapshot's.
    pub async fn renew(&mut self, snapshot: Snapshot, links: Links, is_thorough: bool) -> Result<Exported> {
        let now = snapshot.generated_at;
        self.is_withdrawn = false;
        let mut known = match self.known.take() {
            Some(known) if !is_thorough && now < known.looked_at + DAY => known,
            _ => self.look(now).await?,
        };
        let past = known.lasting.as_ref().map(|(mark, _)| mark.clone());
        let wanted = tokio::task::spawn_blocking(move || render(&snapshot, &links, past)).await;
        let wanted = wanted.map_err(|error| Error::internal("rendering the exported status page").because(error))?;
        let done = self.bring(&mut known, &wanted, now).await;
        self.known = Some(known);
        done
    }

    /// Takes the whole export back and leaves what others put there. Once it is gone, no request is made any more.
    pub async fn withdraw(&mut self, is_thorough: bool) -> Result<Exported> {
        if self.is_withdrawn && !is_thorough {
            return Ok(Exported::default());
        }
        self.known = None;
        let removed = match manifest::read(&self.store).await? {
            None => 0,
            Some(mut files) => {
                let gone: Vec<String> = files.keys().cloned().collect();
                self.remove(&mut files, &gone).await?;
                manifest::remove(&self.store).await?;
                gone.len()
            }
        };
        self.is_withdrawn = true;
        Ok(Exported { removed, is_news: removed > 0, ..Exported::default() })
    }

    /// Ours is what the list names; of that, right is what the store still has under the name it gave it.
    async fn look(&self, now: Time) -> Result<Known> {
        let listed = self.store.list("").await.map_err(told)?;
        let listed: HashMap<String, Listed> = listed.into_iter().map(|object| (object.key.clone(), object)).collect();
        let Some(mut files) = manifest::read(&self.store).await? else {
            if listed.contains_key("index.html") {
                return Err(Error::conflict(
                    "There is an index.html at the place of the export that Hermetic did not put there. Choose an empty place, or remove it.",
                ));
            }
            return Ok(Known { files: Files::new(), lasting: None, looked_at: now, stamped_at: None });
        };
        for (path, mark) in &mut files {
            if !listed.get(path).is_some_and(|object| mark.is_of(object)) {
                *mark = Mark::default();
            }
        }
        Ok(Known { files, lasting: None, looked_at: now, stamped_at: None })
    }

    async fn bring(&self, known: &mut Known, wanted: &Wanted, now: Time) -> Result<Exported> {
        let past: BTreeSet<String> = match (&wanted.past, &known.lasting) {
            (Some(files), _) => files.iter().map(|file| file.path.clone()).collect(),
            (None, lasting) => lasting.as_ref().map(|(_, paths)| paths.clone()).unwrap_or_default(),
        };
        let present = wanted.data.iter().chain(&wanted.first).map(|file| file.path.clone());
        let paths: BTreeSet<String> = past.iter().cloned().chain(present).collect();
        let gone: Vec<String> = known.files.keys().filter(|path| !paths.contains(*path)).cloned().collect();
        let leaves = wanted.past.iter().flatten().chain(&wanted.data);
        let leaves = self.changed(&known.files, leaves);
        let first = self.changed(&known.files, &wanted.first);
        let is_stray = first.iter().any(|put| known.files.get(&put.file.path).is_none_or(|mark| mark.hash.is_empty()));
        let is_news = is_stray || !leaves.is_empty() || !gone.is_empty();
        let is_due = known.stamped_at.is_none_or(|at| at + self.cadence.period() <= now + SLACK);
        let mut done = Exported { files: paths.len(), is_news, ..Exported::default() };

        self.claim(known, &paths).await?;
        self.put_all(&mut known.files, leaves, AT_ONCE, &mut done).await?;
        known.lasting = Some((wanted.mark.clone(), past));
        if is_news || is_due {
            self.put_all(&mut known.files, first, 1, &mut done).await?;
            known.stamped_at = Some(now);
        }
        done.removed = gone.len();
        let removed = self.remove(&mut known.files, &gone).await;
        if is_news {
            manifest::write(&self.store, &known.files).await?;
        }
        removed.map(|()| done)
    }

    /// New names go into the list before anything is put under them: what is there is ours, whatever happens in between.
    async fn claim(&self, known: &mut Known, paths: &BTreeSet<String>) -> Result<()> {
        let new: Vec<&String> = paths.iter().filter(|path| !known.files.contains_key(*path)).collect();
        if new.is_empty() {
            return Ok(());
        }
        known.files.extend(new.iter().map(|path| ((*path).clone(), Mark::default())));
        let written = manifest::write(&self.store, &known.files).await;
        if written.is_err() {
            // Not ours yet, then.
            known.files.retain(|path, _| !new.contains(&path));
        }
        written
    }

    fn changed<'a>(&self, known: &Files, files: impl IntoIterator<Item = &'a File>) -> Vec<Put> {
        let cache = self.cadence.cache_control();
        let hash = |file: &File| kernel::ids::digest(&format!("{}\n{cache}\n{}", file.content_type, file.body));
        let hashed = files.into_iter().map(|file| (file, hash(file)));
        let changed = hashed.filter(|(file, hash)| known.get(&file.path).is_none_or(|mark| mark.hash != *hash));
        changed.map(|(file, hash)| Put { file: file.clone(), hash, cache: cache.clone() }).collect()
    }

    async fn put_all(&self, known: &mut Files, puts: Vec<Put>, at_once: usize, done: &mut Exported) -> Result<()> {
        // Of a put whose answer is lost nobody knows whether it happened.
        known.extend(puts.iter().map(|put| (put.file.path.clone(), Mark::default())));
        let mut puts = stream::iter(puts).map(|put| put.send(self.store.clone())).buffered(at_once);
        while let Some((path, mark, size)) = puts.try_next().await? {
            known.insert(path, mark);
            done.changed += 1;
            done.bytes += size;
        }
        Ok(())
    }

    /// What cannot be removed stays in the list, and is said: it may tell what nobody should read any more.
    async fn remove(&self, known: &mut Files, gone: &[String]) -> Result<()> {
        if gone.is_empty() {
            return Ok(());
        }
        let refused: HashMap<String, String> = self.store.delete(gone).await.map_err(told)?.into_iter().collect();
        known.retain(|path, _| refused.contains_key(path) || !gone.contains(path));
        match refused.iter().min() {
            None => Ok(()),
            Some((path, reason)) => Err(Error::unavailable(format!(
                "{} old files of the exported page could not be removed, such as {path}: {}. Let the key delete objects, or remove them by hand.",
                refused.len(),
                reason.trim_end_matches('.'),
            ))),
        }
    }
}

/// A file on its way.
struct Put {
    file: File,
    hash: String,
    cache: String,
}

impl Put {
    async fn send(self, store: Store) -> Result<(String, Mark, usize)> {
        let Put { file, hash, cache } = self;
        let options = PutOptions {
            metadata: vec![(HASH.to_owned(), hash.clone())],
            content_type: Some(file.content_type.to_owned()),
            cache_control: Some(cache),
            is_public: true,
            ..PutOptions::default()
        };
        let size = file.body.len();
        let length = size as u64;
        let put = store.put(&file.path, Body::Bytes(file.body.into_bytes().into()), &options).await.map_err(told)?;
        Ok((file.path, Mark { hash, etag: put.etag, size: length }, size))
    }
}

fn render(snapshot: &Snapshot, links: &Links, past: Option<String>) -> Wanted {
    let mark = fingerprint(snapshot, links);
    let past = (past.as_ref() != Some(&mark)).then(|| site::lasting(snapshot, links));
    let (data, first) = site::present(snapshot, links).into_iter().partition(File::is_data);
    Wanted { mark, past, data, first }
}
