//! Frames of built files, led back to their source by whoever keeps the maps.

use capability::House;
use capability::frames::{Build, BuiltFrame};
use kernel::ids::ProjectId;

use crate::normal::{Event, Frame, SourceFrames, SourcePlace};

/// More files than this are not waited for.
const MAX_UNREAD: usize = 4;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    pub sources: SourceFrames,
    /// Debug id (or none) and release of what is missing.
    pub unread: Vec<(String, String)>,
}

/// Never fails: an event whose frames cannot be led back is shown as it came, and looked at again when files come in.
pub fn resolve(house: &House, project: ProjectId, event: &Event) -> Found {
    let places: Vec<(Option<usize>, usize, &Frame)> = event.frames().filter(|(_, _, frame)| is_built(event, frame)).collect();
    if places.is_empty() {
        return Found::default();
    }
    let built: Vec<BuiltFrame<'_>> = places.iter().map(|(_, _, frame)| built(event, frame)).collect();
    let build = Build { release: some(&event.release), dist: some(&event.dist) };
    let answers = match house.registry.frames().map(|frames| frames.resolve(house, project, build, &built)) {
        Some(Ok(answers)) => answers,
        Some(Err(error)) => {
            tracing::warn!(error = error.chain(), "frames of a built file could not be led back to their source");
            Vec::new()
        }
        None => Vec::new(),
    };
    let mut found = Found::default();
    let mut answers = answers.into_iter();
    for ((exception, index, _), frame) in places.iter().zip(&built) {
        match answers.next().flatten() {
            Some(source) => found.sources.0.push(SourcePlace::new(*exception, *index, source)),
            None => note(&mut found.unread, frame.debug_id, &event.release),
        }
    }
    found
}

fn note(unread: &mut Vec<(String, String)>, debug_id: Option<&str>, release: &str) {
    let wanted = (debug_id.unwrap_or_default().to_owned(), release.to_owned());
    // Without both nothing can ever be found.
    let can_come = debug_id.is_some() || !release.is_empty();
    if can_come && unread.len() < MAX_UNREAD && !unread.contains(&wanted) {
        unread.push(wanted);
    }
}

fn built<'a>(event: &'a Event, frame: &'a Frame) -> BuiltFrame<'a> {
    BuiltFrame {
        path: path(frame),
        debug_id: debug_id(event, frame),
        line: frame.line.unwrap_or_default(),
        column: frame.column,
        function: some(&frame.function),
    }
}

fn path(frame: &Frame) -> &str {
    if frame.abs_path.is_empty() { &frame.filename } else { &frame.abs_path }
}

fn debug_id<'a>(event: &'a Event, frame: &Frame) -> Option<&'a str> {
    let path = path(frame);
    let plain = path.strip_prefix("file://").unwrap_or(path);
    let image = event.images.iter().find(|image| {
        image.kind == "sourcemap"
            && !image.debug_id.is_empty()
            && image.code_file.strip_prefix("file://").unwrap_or(&image.code_file) == plain
    });
    image.map(|image| image.debug_id.as_str())
}

/// JavaScript at a known place, in a file that an image names or that came from a web server or an app's package.
fn is_built(event: &Event, frame: &Frame) -> bool {
    let platform = if frame.platform.is_empty() { &event.platform } else { &frame.platform };
    if frame.line.is_none() || !matches!(platform.as_str(), "javascript" | "node" | "bun" | "deno") {
        return false;
    }
    let path = path(frame);
    debug_id(event, frame).is_some()
        || ["http://", "https://", "app:", "capacitor:", "ionic:"].iter().any(|scheme| path.starts_with(scheme))
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
