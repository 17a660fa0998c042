//! The list.

use capability::{Cx, Framed};
use db::Reader;
use kernel::Result;
use kernel::ids::ProjectId;
use serde::Deserialize;
use web::{By, Query, Reply, State, Viewer};

use super::{page, projects};
use crate::model::Search;
use crate::model::doctor::Site;
use crate::model::search::Term;
use crate::pages::list::{List, show as draw};
use crate::store::{self, Before};

const PAGE: usize = 50;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    q: String,
    project: String,
    before: String,
}

pub async fn show(State(cx): State<Cx>, _by: By<Viewer>, framed: Framed, Query(asked): Query<Asked>) -> Reply {
    let is_older = !asked.before.is_empty();
    let base = cx.boot.public_url.clone();
    let list = cx.read(move |r| read(r, &asked, &base)).await?;
    let frame = framed.live(if is_older { &[] } else { &[crate::TOPIC] });
    page(&frame, "Replay", draw(&list))
}

fn read(r: &Reader<'_>, asked: &Asked, base: &kernel::text::WebUrl) -> Result<List> {
    let projects = projects(r)?;
    let search = Search::parse(&asked.q, &|wanted| {
        let wanted = wanted.to_lowercase();
        let fits = |id: &ProjectId, slug: &str, name: &str| slug == wanted || id.to_string() == wanted || name.to_lowercase() == wanted;
        projects.0.iter().find(|(id, slug, name)| fits(id, slug, name)).map(|(id, _, _)| *id)
    });
    let project = asked.project.parse().ok().map(ProjectId);
    let mut narrowed = search.clone();
    narrowed.terms.extend(project.map(Term::Project));
    let found = store::list(r, &narrowed, Before::parse(&asked.before), PAGE)?;
    let has_any = !found.replays.is_empty() || !store::list(r, &Search::default(), None, 1)?.replays.is_empty();
    let snippet = if has_any { String::new() } else { Site::Single.snippet(&first_dsn(r, base)?) };
    Ok(List {
        search,
        project,
        replays: found.replays,
        projects,
        next: found.next.map(|next| next.to_string()).unwrap_or_default(),
        is_older: !asked.before.is_empty(),
        has_any,
        snippet,
        now: r.now,
    })
}

/// Of the first key that is active.
fn first_dsn(r: &Reader<'_>, base: &kernel::text::WebUrl) -> Result<String> {
    let keys = identity::store::list_dsn_keys(r)?;
    let dsn = keys.iter().find(|key| key.is_active).map(|key| identity::projects::dsn(base, key));
    Ok(dsn.unwrap_or_else(|| "YOUR-DSN".to_owned()))
}
