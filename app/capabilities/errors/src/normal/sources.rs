//! Frames of built files led back to their source: what is stored beside an event, and how it is put into it.

use capability::frames::SourceFrame;
use serde::{Deserialize, Serialize};

use super::{Event, Frame, Place};

/// One frame's source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourcePlace {
    /// Index of the exception; `None`: the thread's stack.
    pub exception: Option<usize>,
    pub frame: usize,
    pub file: String,
    pub line: u32,
    pub column: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context_line: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pre_context: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub post_context: Vec<String>,
}

/// Of one event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceFrames(pub Vec<SourcePlace>);

impl SourcePlace {
    pub fn new(exception: Option<usize>, frame: usize, source: SourceFrame) -> SourcePlace {
        SourcePlace {
            exception,
            frame,
            file: source.file,
            line: source.line,
            column: source.column,
            function: source.function,
            context_line: source.context_line,
            pre_context: source.pre_context,
            post_context: source.post_context,
        }
    }
}

impl Event {
    /// Puts the sources in the place of the built frames, which stay as [`Frame::built`].
    pub fn resolve(&mut self, sources: &SourceFrames) {
        for source in &sources.0 {
            let frames = match source.exception {
                Some(index) => self.exceptions.get_mut(index).map(|exception| &mut exception.frames),
                None => self.stack.as_mut(),
            };
            if let Some(frame) = frames.and_then(|frames| frames.get_mut(source.frame)) {
                resolve(frame, source);
            }
        }
    }
}

fn resolve(frame: &mut Frame, source: &SourcePlace) {
    let function = source.function.clone().unwrap_or_else(|| frame.function.clone());
    let built = Place {
        path: std::mem::take(&mut frame.abs_path),
        line: frame.line,
        column: frame.column,
        function: std::mem::replace(&mut frame.function, function),
    };
    let is_library =
        source.file.contains("node_modules/") || source.file.starts_with("webpack/") || source.file.contains("/webpack/runtime");
    frame.filename.clone_from(&source.file);
    frame.abs_path.clone_from(&source.file);
    frame.module.clear();
    frame.line = Some(source.line);
    frame.column = Some(source.column);
    frame.context_line.clone_from(&source.context_line);
    frame.pre_context.clone_from(&source.pre_context);
    frame.post_context.clone_from(&source.post_context);
    // An SDK in the browser takes everything for the founder's own: it sees one file.
    frame.in_app = Some(!is_library && frame.in_app.unwrap_or(true));
    frame.built = Some(Box::new(built));
}
