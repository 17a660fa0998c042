//! Search over everything: what the capabilities find, the console's own pages and settings.

use capability::{Cx, Framed, Hit, Routes};
use kernel::{Result, Role};
use serde::Deserialize;
use web::{Access, By, Query, Reply, State, Viewer};

use super::{me, page};
use crate::pages;

/// Longer queries find nothing anyway, and cost.
const LONGEST_QUERY: usize = 100;

pub(super) fn mount(routes: &mut Routes) {
    // The kit's search box asks at /search.
    routes.get("/search", Access::Rank(Role::Viewer), show);
    routes.get("/console/search", Access::Rank(Role::Viewer), show);
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
}

async fn show(State(cx): State<Cx>, by: By<Viewer>, framed: Framed, Query(asked): Query<Asked>) -> Reply {
    let role = me(&by)?.role;
    let query: String = asked.q.trim().chars().take(LONGEST_QUERY).collect();
    let hits = if query.is_empty() { Vec::new() } else { hits(&cx, role, query.clone()).await? };
    let mut frame = framed.live(&[]);
    frame.query.clone_from(&query);
    page(&frame, "Search", pages::search::show(&query, &hits))
}

async fn hits(cx: &Cx, role: Role, query: String) -> Result<Vec<Hit>> {
    let registry = cx.registry;
    let mut hits = own_hits(cx, role, &query.to_lowercase());
    let found = cx.read(move |r| {
        let of = |capability: &&'static dyn capability::Capability| {
            capability.search(r, &query).unwrap_or_else(|error| {
                tracing::error!(capability = capability.name(), error = error.chain(), "a capability could not search");
                Vec::new()
            })
        };
        Ok(registry.all().iter().flat_map(of).collect::<Vec<_>>())
    });
    let mut all = found.await?;
    all.append(&mut hits);
    Ok(all)
}

/// Pages and settings by their words; settings only for those who may open them.
fn own_hits(cx: &Cx, role: Role, query: &str) -> Vec<Hit> {
    let is_hit = |texts: &[&str]| texts.iter().any(|text| text.to_lowercase().contains(query));
    let pages = cx.registry.all().iter().flat_map(|capability| capability.nav()).filter(|nav| role >= nav.rank && is_hit(&[nav.label]));
    let pages = pages.map(|nav| Hit { kind: "Page", title: nav.label.into(), note: nav.group.label().into(), href: nav.path.into() });
    if role < Role::Admin {
        return pages.collect();
    }
    let sections = cx.registry.sections();
    let settings = sections.iter().flat_map(|(owner, section)| section.fields.iter().map(move |setting| (owner, section, setting)));
    let settings = settings.filter(|(_, section, setting)| is_hit(&[setting.label, section.title, setting.key])).take(20).map(
        |(owner, section, setting)| Hit {
            kind: "Setting",
            title: setting.label.into(),
            note: section.title.into(),
            href: format!("/console/settings#{owner}"),
        },
    );
    pages.chain(settings).collect()
}
