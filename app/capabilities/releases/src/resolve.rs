//! Frames of built files, led back to the source: by the debug id that the build put in, else by release and address.
//!
//! - [`find`]: which files belong to a frame; [`cache`]: parsed maps in bounded memory; [`context`]: lines around a place

mod cache;
mod context;
mod find;

use capability::House;
use capability::frames::{Build, BuiltFrame, Frames, SourceFrame};
use kernel::Result;
use kernel::ids::ProjectId;
use std::collections::HashMap;
use std::rc::Rc;

use crate::model::DebugId;
use crate::sourcemap::{Place, built};
use crate::store::{artifacts, misses};
use find::{Found, Lookup, Miss};

pub struct Resolver;

impl Frames for Resolver {
    /// `frames` are in the order of the wire: the caller of a frame stands before it.
    fn resolve(&self, house: &House, project: ProjectId, build: Build<'_>, frames: &[BuiltFrame<'_>]) -> Result<Vec<Option<SourceFrame>>> {
        if !frames.iter().any(is_candidate) {
            return Ok(frames.iter().map(|_| None).collect());
        }
        let mut stack = Stack { lookup: Lookup { house, project, build }, files: HashMap::new(), used: Vec::new(), missed: Vec::new() };
        let has_any = house.telemetry.read_blocking(|r| artifacts::has_any(r, project))?;
        if !has_any {
            if let Some(first) = frames.iter().find(|frame| is_candidate(frame)) {
                stack.missed.push((find::label(first.path, None), Miss::NothingUploaded));
            }
            note_misses(&stack)?;
            return Ok(frames.iter().map(|_| None).collect());
        }
        let resolved = (0..frames.len()).map(|at| stack.resolve(frames, at)).collect::<Result<Vec<_>>>()?;
        note_misses(&stack)?;
        note_use(&stack)?;
        Ok(resolved)
    }
}

/// Whether a frame may stand in a built file at all. Most frames of servers do not: they cost nothing.
fn is_candidate(frame: &BuiltFrame<'_>) -> bool {
    if frame.line == 0 {
        return false;
    }
    if frame.debug_id.is_some() {
        return true;
    }
    let path = frame.path.split(['?', '#']).next().unwrap_or_default();
    let is_code = [".js", ".mjs", ".cjs", ".bundle", ".hbc", ".jsbundle"].iter().any(|ending| path.ends_with(ending));
    let is_elsewhere = path.starts_with("node:") || path.contains("-extension://") || path.contains("/node_modules/");
    !is_elsewhere && (is_code || path.starts_with("http://") || path.starts_with("https://") || path.starts_with("app:///"))
}

/// One call: each file is looked for once.
struct Stack<'h> {
    lookup: Lookup<'h>,
    files: HashMap<(Option<DebugId>, String), Option<Rc<Found>>>,
    used: Vec<i64>,
    missed: Vec<(String, Miss)>,
}

impl Stack<'_> {
    fn resolve(&mut self, frames: &[BuiltFrame<'_>], at: usize) -> Result<Option<SourceFrame>> {
        let frame = &frames[at];
        let Some(found) = self.file(frame)? else { return Ok(None) };
        let Some(place) = place_of(&found, frame) else {
            self.missed.push((find::label(frame.path, frame.debug_id), Miss::NotMapped));
            return Ok(None);
        };
        let function = self.function_of(frames, at, &found, &place)?;
        let content = match place.content {
            Some(content) => Some(content.to_owned()),
            None => self.lookup.source(&found, place.source)?,
        };
        let lines = content.map(|content| context::around(&content, place.line, place.column)).unwrap_or_default();
        Ok(Some(SourceFrame {
            file: place.source.to_owned(),
            line: place.line.saturating_add(1),
            column: place.column.saturating_add(1),
            function,
            context_line: lines.line,
            pre_context: lines.before,
            post_context: lines.after,
        }))
    }

    fn file(&mut self, frame: &BuiltFrame<'_>) -> Result<Option<Rc<Found>>> {
        if !is_candidate(frame) {
            return Ok(None);
        }
        let key = (frame.debug_id.and_then(DebugId::parse), frame.path.to_owned());
        if let Some(known) = self.files.get(&key) {
            return Ok(known.clone());
        }
        let found = match self.lookup.find(key.0, frame.path)? {
            Ok(found) => {
                self.used.extend_from_slice(&found.bundles);
                Some(Rc::new(found))
            }
            Err(miss) => {
                self.missed.push((find::label(frame.path, frame.debug_id), miss));
                None
            }
        };
        self.files.insert(key, found.clone());
        Ok(found)
    }

    /// By the scopes of the map; by the function's declaration in the built file; by what its caller calls.
    fn function_of(&mut self, frames: &[BuiltFrame<'_>], at: usize, found: &Found, place: &Place<'_>) -> Result<Option<String>> {
        if let Some(function) = place.function {
            return Ok(Some(function.to_owned()));
        }
        let frame = &frames[at];
        let Some(function) = frame.function else { return Ok(None) };
        let (line, column) = (frame.line.saturating_sub(1), frame.column.unwrap_or(1).saturating_sub(1));
        let built = self.lookup.built(found)?;
        if let Some(built) = &built
            && let Some(name) = built::declared_name(&found.map, built, line, column, function)
        {
            return Ok(Some(name.to_owned()));
        }
        let Some(caller) = at.checked_sub(1).map(|caller| &frames[caller]) else { return Ok(None) };
        let Some(calling) = self.file(caller)? else { return Ok(None) };
        let Some(place) = place_of(&calling, caller) else { return Ok(None) };
        let built = self.lookup.built(&calling)?;
        let (line, column) = (caller.line.saturating_sub(1), caller.column.unwrap_or(1).saturating_sub(1));
        Ok(built::called_name(&place, built.as_deref(), line, column, function).map(str::to_owned))
    }
}

/// Frames count from 1, maps from 0.
fn place_of<'m>(found: &'m Found, frame: &BuiltFrame<'_>) -> Option<Place<'m>> {
    let line = frame.line.checked_sub(1)?;
    match frame.column {
        Some(column) => found.map.lookup(line, column.saturating_sub(1)),
        None => found.map.lookup_line(line),
    }
}

/// Once a day for each file, and not more files than somebody would read.
fn note_misses(stack: &Stack<'_>) -> Result<()> {
    let Lookup { house, project, build } = &stack.lookup;
    let release = kernel::text::shorten(build.release.unwrap_or_default(), 200);
    let project = *project;
    let new = house.telemetry.read_blocking(|r| {
        let mut new = Vec::new();
        for (file, miss) in &stack.missed {
            if !misses::is_known(r, project, &release, file, miss.as_str())? {
                new.push((file.clone(), miss.as_str()));
            }
        }
        if !new.is_empty() && misses::is_full(r, project)? {
            new.clear();
        }
        Ok(new)
    })?;
    if new.is_empty() {
        return Ok(());
    }
    house.telemetry.write_blocking(move |tx| new.iter().try_for_each(|(file, reason)| misses::add(tx, project, &release, file, reason)))
}

fn note_use(stack: &Stack<'_>) -> Result<()> {
    let house = stack.lookup.house;
    let today = house.clock.now().day_start();
    let mut ids = stack.used.clone();
    ids.sort_unstable();
    ids.dedup();
    let old = house.telemetry.read_blocking(|r| artifacts::list_used_before(r, &ids, today))?;
    if old.is_empty() {
        return Ok(());
    }
    house.telemetry.write_blocking(move |tx| artifacts::set_used(tx, &old))
}
