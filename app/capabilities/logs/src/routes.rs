//! Doors of logs: pages for people, an export, `/api/v1/logs` for programs.

mod api;
mod console;
mod export;

use capability::{Cx, House, Routes};
use db::Reader;
use kernel::{Error, Result, Time};
use serde::Deserialize;

use crate::model::{Query, Span, Window};
use crate::pages::Projects;

pub fn mount(routes: &mut Routes) {
    console::mount(routes);
    export::mount(routes);
    api::mount(routes);
}

/// What an address asks for.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    window: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    before: Option<i64>,
    #[serde(default)]
    tail: String,
    #[serde(default)]
    format: String,
    #[serde(default)]
    limit: Option<usize>,
}

impl Asked {
    /// A window up to now, or from and to. Nothing given is the default window.
    fn span(&self, now: Time) -> Result<(Option<Window>, Span)> {
        if let Some(window) = Window::parse(&self.window) {
            return Ok((Some(window), Span::until_now(window, now)));
        }
        if !self.window.is_empty() {
            let known: Vec<&str> = Window::ALL.iter().map(|window| window.name()).collect();
            return Err(Error::field("window", format!("Please give a window: one of {}.", known.join(", "))));
        }
        let read = |field: &str, text: &str, otherwise: Time| match text {
            "" => Ok(otherwise),
            text => Time::parse_rfc3339(text).ok_or_else(|| Error::field(field, "Please give a time such as 2026-11-23T14:00:00Z.")),
        };
        if self.from.is_empty() && self.to.is_empty() {
            return Ok((Some(Window::default()), Span::until_now(Window::default(), now)));
        }
        let to = read("to", &self.to, now)?;
        let from = read("from", &self.from, to - kernel::time::DAY)?;
        Ok((None, Span::between(from, to)))
    }
}

/// Every project, by which lines are named and found.
fn projects(r: &Reader<'_>) -> Result<Projects> {
    Ok(Projects(identity::store::list_projects(r)?.into_iter().map(|project| (project.id, project.slug, project.name)).collect()))
}

fn parse(text: &str, projects: &Projects) -> Query {
    Query::parse(text, &|wanted| {
        let wanted = wanted.to_lowercase();
        projects
            .0
            .iter()
            .find(|(id, slug, name)| *slug == wanted || id.to_string() == wanted || name.to_lowercase() == wanted)
            .map(|(id, _, _)| *id)
    })
}

/// Searching reads both files and unpacks items: not on the threads that answer.
async fn blocking<T: Send + 'static>(cx: &Cx, work: impl FnOnce(&House) -> Result<T> + Send + 'static) -> Result<T> {
    let house = cx.clone();
    let done = tokio::task::spawn_blocking(move || work(&house)).await;
    done.unwrap_or_else(|panic| Err(Error::internal("searching log lines").because(panic)))
}

/// Names a file after the moment of its making.
fn stamp(now: Time) -> String {
    now.timestamp().strftime("%Y-%m-%dT%H-%M-%SZ").to_string()
}
