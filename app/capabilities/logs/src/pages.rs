//! Pages: plain data in, HTML out.
//!
//! - [`list`]: the search and its lines; [`one`]: a line alone, among its neighbours

pub mod list;
pub mod one;

use frontend::prelude::*;
use kernel::ids::ProjectId;

use crate::find::FoundLine;
use crate::model::Line;
use crate::model::query::{is_field, term_of};

/// Names of projects, as lines show them.
#[derive(Debug, Clone, Default)]
pub struct Projects(pub Vec<(ProjectId, String, String)>);

impl Projects {
    pub fn name(&self, id: ProjectId) -> String {
        self.0.iter().find(|(known, _, _)| *known == id).map_or_else(|| format!("project {id}"), |(_, _, name)| name.clone())
    }

    /// By which the search finds it.
    pub fn slug(&self, id: ProjectId) -> String {
        self.0.iter().find(|(known, _, _)| *known == id).map_or_else(|| id.to_string(), |(_, slug, _)| slug.clone())
    }
}

/// The body, with what was put into its template marked.
fn body(line: &Line) -> View {
    let pieces: Vec<View> = line
        .pieces()
        .into_iter()
        .map(
            |(text, is_parameter)| {
                if is_parameter { view! { <b class="log-value">{text}</b> }.into_any() } else { view! { <span>{text}</span> }.into_any() }
            },
        )
        .collect();
    let pieces = if pieces.is_empty() { vec![muted("(empty)")] } else { pieces };
    view! { <span class="log-body">{pieces}</span> }.into_any()
}

/// Everything a line says, with links that ask for the same.
fn properties(row: &FoundLine, projects: &Projects, search: &dyn Fn(&str) -> Href, has_traces: bool) -> View {
    let line = &row.line;
    let asks = |key: &str, value: &str| match term_of(key, value) {
        Some(term) => link(search(&term), value),
        None => plain(value),
    };
    let mut pairs: Vec<(String, View)> = vec![
        ("time".to_owned(), plain(&micros(line))),
        ("level".to_owned(), asks("level", line.level.as_str())),
        ("project".to_owned(), link(search(&format!("project:{}", projects.slug(row.project))), &projects.name(row.project))),
    ];
    for (key, value) in [("release", &line.release), ("environment", &line.environment)] {
        if !value.is_empty() {
            pairs.push((key.to_owned(), asks(key, value)));
        }
    }
    if !line.trace_id.is_empty() {
        let lines = asks("trace", &line.trace_id);
        let trace = if has_traces { link(format!("/traces/{}", line.trace_id), "Trace") } else { ().into_any() };
        pairs.push(("trace".to_owned(), view! { <span>{lines}" "{trace}</span> }.into_any()));
    }
    if !line.span_id.is_empty() {
        pairs.push(("span".to_owned(), asks("span", &line.span_id)));
    }
    for attribute in line.attributes.iter().filter(|attribute| !matches!(attribute.key.as_str(), "sentry.release" | "sentry.environment")) {
        // A link that asks for another thing of the same name would find other lines.
        let value = if is_field(&attribute.key) { plain(&attribute.value) } else { asks(&attribute.key, &attribute.value) };
        let unit = attribute.unit.clone();
        pairs.push((attribute.key.clone(), view! { <span>{value}" "{unit}</span> }.into_any()));
    }
    let pairs: Vec<(&str, View)> = pairs.iter_mut().map(|(key, view)| (key.as_str(), std::mem::replace(view, ().into_any()))).collect();
    key_values(pairs)
}

fn plain(text: &str) -> View {
    let text = text.to_owned();
    view! { <span>{text}</span> }.into_any()
}

/// With its microseconds: what came first is often told by them alone.
fn micros(line: &Line) -> String {
    let micros = line.at_us.rem_euclid(1_000_000);
    format!("{}.{micros:06} UTC", line.at().timestamp().strftime("%Y-%m-%d %H:%M:%S"))
}
