//! What the binary embeds: browser files under `/assets/` by the hash of their content, icons, seed content.
//!
//! - [`find`] serves a path; such a file never changes and may be cached for ever
//! - [`url`] gives the path of a file by its plain name, [`own_styles`] that of a capability's stylesheet; [`text`] gives a text file itself
//! - [`icon`] gives a drawing; [`content`] gives seed content (mail templates, articles, API description)

/// A file as it is sent. `br` and `gzip` are missing where they would not be smaller.
#[derive(Debug)]
pub struct Asset {
    /// The plain name: `console.css`.
    pub name: &'static str,
    /// Where it is served: `/assets/console-3f2a….css`.
    pub path: &'static str,
    pub content_type: &'static str,
    /// With its quotes, as the header has it.
    pub etag: &'static str,
    pub body: &'static [u8],
    pub br: Option<&'static [u8]>,
    pub gzip: Option<&'static [u8]>,
}

/// All files, ordered by path.
pub fn all() -> &'static [Asset] {
    SERVED
}

/// The file that is served at a path.
pub fn find(path: &str) -> Option<&'static Asset> {
    SERVED.binary_search_by(|asset| asset.path.cmp(path)).ok().map(|found| &SERVED[found])
}

/// Where a file is served. The names are fixed when the binary is built; one that does not exist leads nowhere.
pub fn url(name: &str) -> &'static str {
    by_name(name).map_or("/assets/missing", |asset| asset.path)
}

/// Where the stylesheet of one capability's pages is served, if it has one of its own.
pub fn own_styles(word: &str) -> Option<&'static str> {
    by_name(&format!("{word}.css")).map(|asset| asset.path)
}

/// A text file itself, for pages that must arrive in one request. Empty when there is none of that name.
pub fn text(name: &str) -> &'static str {
    by_name(name).and_then(|asset| std::str::from_utf8(asset.body).ok()).unwrap_or("")
}

/// A drawing as SVG markup, 24 by 24, in the colour of the text around it. An unknown name draws a dot.
pub fn icon(name: &str) -> &'static str {
    look_up(ICONS, name).or_else(|| look_up(ICONS, "dot")).unwrap_or("")
}

/// Seed content by its path below `content/`, such as `mail/outage.txt`.
pub fn content(name: &str) -> Option<&'static str> {
    look_up(CONTENT, name)
}

/// The names of all seed content that begin with `prefix`.
pub fn content_names(prefix: &str) -> impl Iterator<Item = &'static str> {
    CONTENT.iter().map(|(name, _)| *name).filter(move |name| name.starts_with(prefix))
}

fn by_name(name: &str) -> Option<&'static Asset> {
    SERVED.iter().find(|asset| asset.name == name)
}

fn look_up(table: &'static [(&'static str, &'static str)], name: &str) -> Option<&'static str> {
    table.binary_search_by(|(key, _)| (*key).cmp(name)).ok().map(|found| table[found].1)
}

include!(concat!(env!("OUT_DIR"), "/table.rs"));

#[cfg(test)]
mod tests;
