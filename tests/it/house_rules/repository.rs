//! What may lie where, and what no committed file may say.

use regex::Regex;

use super::code::{expect_none, files, folders, lines_where, root};

/// The top level is a picture of the house; dotfiles are the tools' business.
const TOP_LEVEL: &[&str] =
    &["Cargo.toml", "Cargo.lock", "README.md", "CHANGELOG.md", "LICENSE", "app", "frontend", "assets", "packaging", "tests"];
/// Built or fetched, never committed.
const NOT_COMMITTED: &[&str] = &["target", "node_modules"];
const DOORS: &[&str] = &["Cargo.toml", "src/lib.rs"];

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_default()
}

#[test]
fn the_top_level_holds_only_the_parts_of_the_house() {
    let entries = std::fs::read_dir(root()).unwrap_or_else(|error| panic!("{error}"));
    let mut offences: Vec<String> = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.') && !TOP_LEVEL.contains(&name.as_str()) && !NOT_COMMITTED.contains(&name.as_str()))
        .collect();
    offences.extend(TOP_LEVEL.iter().filter(|name| !root().join(name).exists()).map(|name| format!("{name} is missing")));
    expect_none(
        "The top level differs from the picture:",
        "Put it into the part it belongs to; configuration of tools goes into dotfiles.",
        &offences,
    );
}

#[test]
fn no_file_names_this_machine_or_a_registry() {
    let folder = Regex::new(&["(^|[^\\w.~$}/-])/(ro", "ot|wo", "rk|tm", "p)/[a-z.]"].concat()).unwrap_or_else(|error| panic!("{error}"));
    let hosts = ["static.cra", "tes.io|index.cra", "tes.io|py", "pi.org|registry.np", "mjs|deb.deb", "ian.org"].concat();
    let hosts = Regex::new(&hosts.replace('.', r"\.")).unwrap_or_else(|error| panic!("{error}"));
    let mut offences = Vec::new();
    for file in files() {
        offences.extend(
            lines_where(&file.path, &file.text, |line| folder.is_match(line) || hosts.is_match(line))
                .into_iter()
                .map(|line| line.chars().take(160).collect()),
        );
    }
    expect_none(
        "These lines only hold on one machine:",
        "Ask for the folder (mktemp, tempfile, the target folder) and leave registries to the tools' own settings.",
        &offences,
    );
}

#[test]
fn the_changelog_has_an_open_section() {
    let text = read("CHANGELOG.md");
    let has = text.lines().any(|line| line.trim() == "## Unreleased");
    assert!(has, "CHANGELOG.md needs a section `## Unreleased`: what a founder would notice, one line each.");
}

#[test]
fn the_map_names_every_part() {
    let map = read("app/README.md");
    let mut offences: Vec<String> = Vec::new();
    for part in ["app/spine", "app/capabilities"] {
        offences.extend(
            folders(part)
                .into_iter()
                .filter(|name| !map.contains(&format!("`{name}`")) && !map.contains(&format!("{name}/")))
                .map(|name| format!("{part}/{name}")),
        );
    }
    expect_none("app/README.md does not name these parts:", "Add each as `name` or name/ with what it promises.", &offences);
}

#[test]
fn each_capability_has_its_doors() {
    let mut offences = Vec::new();
    for (part, tests) in [("app/capabilities", true), ("app/spine", false)] {
        for name in folders(part) {
            offences.extend(
                DOORS
                    .iter()
                    .filter(|door| !root().join(part).join(&name).join(door).exists())
                    .map(|door| format!("{part}/{name}/{door} is missing")),
            );
            let source = root().join(part).join(&name).join("src");
            if tests && !source.join("tests.rs").exists() && !source.join("tests").is_dir() {
                offences.push(format!("{part}/{name} has no tests"));
            }
        }
    }
    expect_none(
        "A capability always has the same doors:",
        "lib.rs (promise and impl Capability), model.rs, store.rs, routes.rs, pages.rs, tests.rs.",
        &offences,
    );
}

#[test]
fn no_bundled_code_is_committed() {
    let mut offences = Vec::new();
    for file in files() {
        let is_script = [".js", ".mjs", ".css", ".ts"].iter().any(|ending| file.path.ends_with(ending));
        let longest = file.text.lines().map(str::len).max().unwrap_or(0);
        if is_script && (file.path.contains(".min.") || longest > 2_000) {
            offences.push(format!("{}: a line of {longest} letters", file.path));
        }
    }
    expect_none(
        "This looks like bundled third-party code:",
        "Name the package in assets/package.json; build.rs fetches and bundles it.",
        &offences,
    );
}

#[test]
fn decisions_are_one_page_each() {
    let offences: Vec<String> = files()
        .iter()
        .filter(|file| file.path.starts_with("app/decisions/") && file.text.lines().count() > 60)
        .map(|file| format!("{}: {} lines", file.path, file.text.lines().count()))
        .collect();
    expect_none("A decision is one page:", "Keep the choice, the reason and what would change it.", &offences);
}

/// `cargo run --release -- demo` from a fresh clone is a promise: with a second binary cargo would ask which one.
#[test]
fn the_workspace_has_one_binary() {
    let binaries: Vec<String> = super::edges::metadata()
        .packages
        .iter()
        .flat_map(|package| package.targets.iter().filter(|target| target.is_bin()).map(|target| target.name.clone()).collect::<Vec<_>>())
        .filter(|name| name != "hermetic")
        .collect();
    expect_none("`cargo run` must know what to run:", "Make a helper program an example of the package tests.", &binaries);
}
