//! What stands around a console page: navigation from THE LIST, the member, the one-time notice.

use axum::extract::FromRequestParts;
use frontend::{AssetUrls, Frame, FrameMember, NavItem, Theme, Tone};
use http::request::Parts;
use kernel::Role;
use web::{Actor, Failure, Flash};

use crate::{Cx, NavGroup, settings};

/// Extractor of a page handler: the [`Frame`], filled in for this request.
pub struct Framed(pub Frame);

impl Framed {
    /// The page refreshes itself when one of these topics is signalled.
    #[must_use]
    pub fn live(mut self, topics: &[&'static str]) -> Frame {
        self.0.topics = topics.to_vec();
        self.0
    }
}

impl FromRequestParts<Cx> for Framed {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, cx: &Cx) -> Result<Self, Failure> {
        let (name, role) = match Actor::of(parts) {
            Actor::Member { name, role, .. } => (name, role),
            // A page with a frame stands behind a rank; whoever is no member sees the least.
            Actor::Key { name, role, .. } => (name, role),
            Actor::Visitor => (String::new(), Role::Viewer),
        };
        let product = cx.read(|r| settings::text(r, &settings::NAME)).await?;
        let flash = Flash::take(parts).0.map(|text| frontend::Flash { tone: Tone::Good, text });
        Ok(Framed(Frame {
            product,
            path: parts.uri.path().to_owned(),
            nav: navigation(cx, role),
            member: FrameMember { name, role },
            flash,
            theme: Theme::System,
            topics: Vec::new(),
            query: String::new(),
            assets: AssetUrls { own_css: own_css(parts.uri.path()), ..asset_urls() },
        }))
    }
}

/// Addresses of the embedded browser files.
pub fn asset_urls() -> AssetUrls {
    AssetUrls { css: assets::url("console.css"), own_css: None, js: assets::url("console.js"), favicon: assets::url("favicon.svg") }
}

/// The pages of a capability begin with its word, and so does its stylesheet.
fn own_css(path: &str) -> Option<&'static str> {
    path.split('/').nth(1).filter(|word| *word != "console" && *word != "public").and_then(assets::own_styles)
}

fn navigation(cx: &Cx, role: Role) -> Vec<frontend::NavGroup> {
    let entries: Vec<_> = cx.registry.all().iter().flat_map(|capability| capability.nav()).filter(|nav| role >= nav.rank).collect();
    NavGroup::ALL
        .into_iter()
        .map(|group| frontend::NavGroup {
            label: group.label().to_owned(),
            items: entries
                .iter()
                .filter(|nav| nav.group == group)
                .map(|nav| NavItem { label: nav.label.to_owned(), href: nav.path.into(), icon: assets::icon(nav.icon), waiting: 0 })
                .collect(),
        })
        .filter(|group| !group.items.is_empty())
        .collect()
}
