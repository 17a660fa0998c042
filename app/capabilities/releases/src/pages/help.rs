//! How source maps get here, and why a file is not readable.

use frontend::prelude::*;
use identity::projects::Project;

/// The commands, with this server's address and this project in them.
pub fn upload(public_url: &str, project: &Project, release: &str) -> View {
    let url = public_url.trim_end_matches('/');
    let release = if release.is_empty() { "YOUR-RELEASE" } else { release };
    let quoted = format!("'{}'", release.replace('\'', "'\\''"));
    let commands = format!(
        "export SENTRY_URL={url}/\nexport SENTRY_AUTH_TOKEN=…   # a key with the scope releases:write\nexport SENTRY_ORG=hermetic   # any name\n\
         export SENTRY_PROJECT={}\n\n# After each build, before the files go out:\nnpx @sentry/cli sourcemaps inject ./dist\n\
         npx @sentry/cli sourcemaps upload --release={quoted} ./dist\n",
        project.slug
    );
    let body = stack(vec![
        paragraph("The plugins for Vite, webpack, Rollup and esbuild take the same values as url, authToken, org and project."),
        code_block(&commands),
        actions(vec![link_button("/console/keys", "Make a key", Look::Plain)]),
    ]);
    card(
        Card {
            title: "Upload source maps",
            lead: "“inject” writes a debug id into each built file and its map, so that they find each other whatever the files are called.",
            ..Card::default()
        },
        body,
    )
}

/// What a stored reason means, and what the person can do.
pub fn reason(reason: &str) -> &'static str {
    match reason {
        "nothing_uploaded" => "No source map was ever uploaded for this project.",
        "unknown_debug_id" => "Nothing with this debug id was uploaded. Upload the very files that went out: building again makes new ids.",
        "nothing_named" => {
            "The event names neither a debug id nor a release. Run “sourcemaps inject” before the files go out, or give `release` to init."
        }
        "unknown_url" => "Nothing of this release has this address. Run “sourcemaps inject”, or give --url-prefix so that the names fit.",
        "without_map" => "The built file is here, but its source map is not. Upload the folder with both.",
        "broken_map" => "The source map cannot be read: it is no JSON, empty, or of another format.",
        "too_large_map" => {
            "The source map is too large to be held in memory here (64 MB, or a million and more places). Split the bundle into parts."
        }
        "not_mapped" => "The source map says nothing about this line and column. It may belong to another build of the file.",
        _ => "It was not found.",
    }
}
