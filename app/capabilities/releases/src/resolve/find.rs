//! Which uploaded files belong to a frame. Only those of its own project are ever looked at: debug ids and addresses are not global.

use capability::House;
use capability::frames::Build;
use kernel::Result;
use kernel::ids::ProjectId;
use std::sync::Arc;

use super::cache;
use crate::model::artifact::{joined_url, normal_url};
use crate::model::{ArtifactKind, DebugId};
use crate::sourcemap::{SourceMap, reference};
use crate::store::artifacts::{self, Artifact};

pub struct Lookup<'h> {
    pub house: &'h House,
    pub project: ProjectId,
    pub build: Build<'h>,
}

/// The map of a built file.
pub struct Found {
    pub map: Arc<SourceMap>,
    /// The uploads that helped.
    pub bundles: Vec<i64>,
    /// The built file, where it was uploaded too.
    built: Option<Artifact>,
    /// The address of the map, to which names of sources are relative.
    map_url: String,
    release: String,
}

/// Why a frame stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Miss {
    NothingUploaded,
    /// The event names a debug id, and nothing with it was uploaded.
    UnknownDebugId,
    /// The event names neither a debug id nor a release.
    NothingNamed,
    /// Nothing of this release has this address.
    UnknownUrl,
    /// The built file is here, and its map is not.
    WithoutMap,
    BrokenMap,
    TooLargeMap,
    /// The map says nothing about this place.
    NotMapped,
}

impl Miss {
    /// As it is stored; the page has the sentences.
    pub fn as_str(self) -> &'static str {
        match self {
            Miss::NothingUploaded => "nothing_uploaded",
            Miss::UnknownDebugId => "unknown_debug_id",
            Miss::NothingNamed => "nothing_named",
            Miss::UnknownUrl => "unknown_url",
            Miss::WithoutMap => "without_map",
            Miss::BrokenMap => "broken_map",
            Miss::TooLargeMap => "too_large_map",
            Miss::NotMapped => "not_mapped",
        }
    }
}

impl From<cache::Unread> for Miss {
    fn from(why: cache::Unread) -> Miss {
        match why {
            cache::Unread::Broken => Miss::BrokenMap,
            cache::Unread::TooLarge => Miss::TooLargeMap,
        }
    }
}

/// How a file that was missed is told.
pub fn label(path: &str, debug_id: Option<&str>) -> String {
    match debug_id {
        Some(id) => kernel::text::shorten(&format!("{} ({id})", normal_url(path)), 300),
        None => kernel::text::shorten(&normal_url(path), 300),
    }
}

impl Lookup<'_> {
    /// By debug id, else by release and address: an older build tool may have uploaded without ids.
    pub fn find(&self, debug_id: Option<DebugId>, path: &str) -> Result<std::result::Result<Found, Miss>> {
        let files = match debug_id {
            Some(id) => self.house.telemetry.read_blocking(|r| artifacts::find_by_debug_id(r, self.project, id))?,
            None => Vec::new(),
        };
        if !files.is_empty() {
            return self.among(files);
        }
        let by_url = self.by_url(&normal_url(path))?;
        if !by_url.is_empty() {
            return self.among(by_url);
        }
        // Some upload only the map, under the name of the file with `.map` behind it.
        let maps = self.by_url(&format!("{}.map", normal_url(path)))?;
        if !maps.is_empty() {
            return self.among(maps);
        }
        Ok(Err(match (debug_id, self.build.release) {
            (Some(_), _) => Miss::UnknownDebugId,
            (None, None) => Miss::NothingNamed,
            (None, Some(_)) => Miss::UnknownUrl,
        }))
    }

    /// Of the event's own dist first, then those that name none; another dist's never.
    fn by_url(&self, url: &str) -> Result<Vec<Artifact>> {
        let Some(release) = self.build.release else { return Ok(Vec::new()) };
        let dist = self.build.dist.unwrap_or_default();
        self.house.telemetry.read_blocking(|r| artifacts::find_by_url(r, self.project, release, dist, url))
    }

    fn among(&self, files: Vec<Artifact>) -> Result<std::result::Result<Found, Miss>> {
        let built = files.iter().find(|file| file.kind == ArtifactKind::Minified).cloned();
        if let Some(map) = files.iter().find(|file| file.kind == ArtifactKind::Map) {
            return self.parsed(map, built);
        }
        let Some(built) = built else { return Ok(Err(Miss::WithoutMap)) };
        self.by_reference(built)
    }

    /// The built file says where its map is: as the upload noted, or in itself.
    fn by_reference(&self, built: Artifact) -> Result<std::result::Result<Found, Miss>> {
        let mut reference = built.map_url.clone();
        if reference.is_empty()
            && let Some(text) = cache::text(self.house, &built.blob)?
        {
            let Some(found) = reference::find(&text) else { return Ok(Err(Miss::WithoutMap)) };
            if let Some(bytes) = reference::inline(found) {
                return Ok(match cache::inline_map(&built.blob, &bytes) {
                    Ok(map) => Ok(found_with(map, built.url.clone(), &built, Some(built.clone()))),
                    Err(why) => Err(why.into()),
                });
            }
            found.clone_into(&mut reference);
        }
        let url = joined_url(&built.url, &reference);
        let maps = self.in_release_of(&built, &url)?;
        match maps.iter().find(|file| file.kind == ArtifactKind::Map).or(maps.first()) {
            Some(map) => self.parsed(map, Some(built)),
            None => Ok(Err(Miss::WithoutMap)),
        }
    }

    /// What lies beside a file: in the same upload, or of the same release and dist.
    fn in_release_of(&self, file: &Artifact, url: &str) -> Result<Vec<Artifact>> {
        self.house.telemetry.read_blocking(|r| {
            let mut files = artifacts::find_in_bundle(r, self.project, &file.release, file.bundle, url)?;
            if !file.release.is_empty() {
                let beside = artifacts::find_by_url(r, self.project, &file.release, &file.dist, url)?;
                files.extend(beside.into_iter().filter(|other| other.bundle != file.bundle && other.dist == file.dist));
            }
            Ok(files)
        })
    }

    fn parsed(&self, map: &Artifact, built: Option<Artifact>) -> Result<std::result::Result<Found, Miss>> {
        Ok(match cache::map(self.house, &map.blob)? {
            Ok(parsed) => Ok(found_with(parsed, map.url.clone(), map, built)),
            Err(why) => Err(why.into()),
        })
    }

    /// The text of the built file.
    pub fn built(&self, found: &Found) -> Result<Option<Arc<str>>> {
        found.built.as_ref().map_or(Ok(None), |built| cache::text(self.house, &built.blob))
    }

    /// A source that its map does not carry may have been uploaded beside it.
    pub fn source(&self, found: &Found, name: &str) -> Result<Option<String>> {
        let url = joined_url(&found.map_url, name);
        let files = self.house.telemetry.read_blocking(|r| {
            let of_bundle = |bundle: &i64| artifacts::find_in_bundle(r, self.project, &found.release, *bundle, &url);
            Ok(found.bundles.iter().map(of_bundle).collect::<Result<Vec<_>>>()?.concat())
        })?;
        let Some(file) = files.iter().find(|file| file.kind == ArtifactKind::Source) else { return Ok(None) };
        Ok(cache::text(self.house, &file.blob)?.map(|text| text.to_string()))
    }
}

fn found_with(map: Arc<SourceMap>, map_url: String, file: &Artifact, built: Option<Artifact>) -> Found {
    let mut bundles = vec![file.bundle];
    bundles.extend(built.as_ref().map(|built| built.bundle));
    Found { map, bundles, built, map_url, release: file.release.clone() }
}
