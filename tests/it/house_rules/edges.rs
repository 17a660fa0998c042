//! Who may know whom: read from `cargo metadata`, compared with the picture in the house rules.

use std::collections::BTreeMap;
use std::path::Path;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

use super::code::{expect_none, folders, root};

/// The spine and what each of its crates may import. A new crate of the spine is a new line here.
const SPINE: &[(&str, &[&str])] = &[
    ("kernel", &[]),
    ("db", &["kernel"]),
    ("work", &["kernel", "db"]),
    ("web", &["kernel", "frontend", "assets"]),
    ("outbound", &["kernel"]),
    ("identity", &["kernel", "db", "work", "frontend", "web"]),
    ("ingest", &["kernel", "db", "work", "frontend", "web", "identity"]),
    ("capability", &["kernel", "db", "work", "frontend", "web", "identity", "ingest", "outbound", "assets"]),
    ("replica", &["kernel"]),
    ("testkit", &["kernel", "db", "work", "frontend", "web", "identity", "ingest", "capability", "outbound", "replica", "assets"]),
];
const FRONTEND: &[&str] = &["kernel"];
const TESTS: &[&str] = &["testkit", "kernel"];
/// What a capability may import besides the socket and what the socket stands on.
const OWN_ORGAN: &[(&str, &str)] = &[("backup", "replica"), ("status", "replica")];

/// Libraries with one home: nobody else names them in a manifest.
const HOMES: &[(&str, &[&str], &str)] = &[
    ("aws-sdk-s3", &["replica"], "S3 is reached through the replica crate"),
    ("lettre", &["outbound"], "mail leaves through outbound::Mail"),
    ("reqwest", &["outbound", "hermetic", "tests"], "HTTP leaves through outbound::Http, which guards against SSRF"),
    ("hyper", &["web", "outbound", "uptime", "testkit", "tests"], "the front is web's; the prober dials its own sockets"),
    ("sd-notify", &["hermetic"], "only the binary talks to systemd"),
    ("clap", &["hermetic"], "only the binary reads arguments"),
];

/// What must be absent from a crate, so that it stays what it promises.
const ABSENT: &[(&str, &[&str], &str)] = &[
    ("kernel", &["tokio", "rusqlite", "hyper", "leptos", "axum", "reqwest", "futures-util"], "kernel is plain values: no async, no I/O"),
    (
        "frontend",
        &["tokio", "rusqlite", "hyper", "axum", "reqwest", "futures-util"],
        "frontend turns data into HTML: no async, no web, no database",
    ),
    ("web", &["rusqlite"], "the front does not know the database"),
    ("outbound", &["rusqlite", "axum"], "outbound sends; whoever calls it stores"),
    ("hermetic", &["rusqlite"], "SQL lives in store.rs of the crate that owns the table"),
];

pub fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .other_options(vec!["--offline".to_owned()])
        .exec()
        .unwrap_or_else(|error| panic!("cargo metadata must answer: {error}"))
}

/// The folder of a package, from the top of the repository.
fn folder(package: &Package) -> String {
    let path = package.manifest_path.as_std_path();
    let relative = path.parent().and_then(|parent| parent.strip_prefix(root()).ok());
    relative.unwrap_or(Path::new("")).to_string_lossy().replace('\\', "/")
}

fn is_capability(package: &Package) -> bool {
    folder(package).starts_with("app/capabilities/")
}

/// What ships with the package: normal and build dependencies.
fn shipped(package: &Package) -> impl Iterator<Item = &str> {
    package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind != DependencyKind::Development)
        .map(|dependency| dependency.name.as_str())
}

/// Crates of the house that `package` may ship with; None when the table above does not know it.
fn may_import(package: &Package) -> Option<Vec<String>> {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let name = package.name.as_str();
    if is_capability(package) {
        let socket = SPINE.iter().find(|(spine, _)| *spine == "capability").map(|(_, below)| owned(below)).unwrap_or_default();
        let own = OWN_ORGAN.iter().filter(|(capability, _)| *capability == name).map(|(_, organ)| (*organ).to_owned());
        return Some(socket.into_iter().chain(["capability".to_owned()]).chain(own).collect());
    }
    match (folder(package).as_str(), name) {
        ("app", "hermetic") => {
            let spine = SPINE.iter().map(|(spine, _)| (*spine).to_owned()).filter(|spine| spine != "testkit");
            Some(spine.chain(folders("app/capabilities")).chain(owned(&["frontend", "assets"])).collect())
        }
        ("frontend", "frontend") => Some(owned(FRONTEND)),
        ("assets", "assets") => Some(Vec::new()),
        ("tests", "tests") => Some(owned(TESTS)),
        _ => SPINE.iter().find(|(spine, _)| *spine == name).map(|(_, below)| owned(below)),
    }
}

#[test]
fn crates_import_only_what_the_picture_allows() {
    let metadata = metadata();
    let ours: BTreeMap<&str, &Package> = metadata.packages.iter().map(|package| (package.name.as_str(), package)).collect();
    let mut offences = Vec::new();
    for package in ours.values() {
        let Some(allowed) = may_import(package) else {
            offences.push(format!("{} ({}) is not in the table of the spine", package.name, folder(package)));
            continue;
        };
        for name in shipped(package).filter(|name| ours.contains_key(name)) {
            if !allowed.iter().any(|one| one == name) {
                offences.push(format!("{} → {name}", package.name));
            }
        }
        // Tests may also use the test kit; a capability's tests still know no other capability.
        for dependency in package.dependencies.iter().filter(|dependency| dependency.kind == DependencyKind::Development) {
            let is_other_capability =
                ours.get(dependency.name.as_str()).is_some_and(|other| is_capability(other)) && dependency.name != package.name.as_str();
            if is_other_capability && folder(package) != "app" {
                offences.push(format!("{} → {} (dev)", package.name, dependency.name));
            }
        }
    }
    expect_none(
        "These crates import what they may not know:",
        "Talk through facts, contributions or identity ids; the picture is in app/README.md and the table in tests/it/house_rules/edges.rs.",
        &offences,
    );
}

#[test]
fn libraries_with_one_home_are_imported_only_there() {
    let metadata = metadata();
    let mut offences = Vec::new();
    for package in &metadata.packages {
        for name in shipped(package) {
            if let Some((library, homes, why)) = HOMES.iter().find(|(library, _, _)| *library == name)
                && !homes.contains(&package.name.as_str())
            {
                offences.push(format!("{} imports {library}: {why}", package.name));
            }
        }
    }
    expect_none("These libraries have one home:", "Call the crate that owns the library.", &offences);
}

#[test]
fn pure_crates_stay_pure() {
    let metadata = metadata();
    let mut offences = Vec::new();
    for package in &metadata.packages {
        for (_, absent, why) in ABSENT.iter().filter(|(name, _, _)| *name == package.name.as_str()) {
            offences.extend(
                shipped(package).filter(|name| absent.contains(name)).map(|name| format!("{} imports {name}: {why}", package.name)),
            );
        }
    }
    expect_none("These crates must stay without:", "Move the code that needs it to the crate that may have it.", &offences);
}

#[test]
fn the_test_kit_is_never_shipped() {
    let metadata = metadata();
    let offences: Vec<String> = metadata
        .packages
        .iter()
        .filter(|package| package.name.as_str() != "tests" && shipped(package).any(|name| name == "testkit"))
        .map(|package| package.name.to_string())
        .collect();
    expect_none("testkit is for tests only:", "Make it a dev-dependency.", &offences);
}

#[test]
fn versions_stand_once_in_the_workspace() {
    let mut offences = Vec::new();
    for package in &metadata().packages {
        let text = std::fs::read_to_string(&package.manifest_path).unwrap_or_default();
        let manifest: toml::Table = text.parse().unwrap_or_else(|error| panic!("{}: {error}", package.manifest_path));
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            for (name, value) in manifest.get(section).and_then(toml::Value::as_table).into_iter().flatten() {
                if value.get("workspace").and_then(toml::Value::as_bool) != Some(true) {
                    offences.push(format!("{} [{section}] {name}", folder(package)));
                }
            }
        }
        if manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool) != Some(true) {
            offences.push(format!("{} has no `[lints] workspace = true`", folder(package)));
        }
    }
    expect_none(
        "These manifests decide for themselves:",
        "Write `name.workspace = true` and put version and features into the root Cargo.toml.",
        &offences,
    );
}

#[test]
fn a_folder_is_a_crate_is_a_line_in_the_list_is_a_dependency() {
    let metadata = metadata();
    let hermetic =
        metadata.packages.iter().find(|package| package.name.as_str() == "hermetic").expect("the binary's package is named hermetic");
    let list_path = root().join("app/src/capabilities.rs");
    let list = std::fs::read_to_string(&list_path).unwrap_or_default();
    let listed = super::code::TextFile { path: "app/src/capabilities.rs".into(), text: list }.code();
    let mut offences = Vec::new();
    for name in folders("app/capabilities") {
        if !metadata.packages.iter().any(|package| package.name.as_str() == name && folder(package) == format!("app/capabilities/{name}")) {
            offences.push(format!("app/capabilities/{name} is not a crate named {name}"));
        }
        if !hermetic.dependencies.iter().any(|dependency| dependency.name == name) {
            offences.push(format!("app/Cargo.toml has no dependency line for {name}"));
        }
        let lines = listed.lines().filter(|line| line.contains(&format!("{name}::"))).count();
        if lines != 1 {
            offences.push(format!("app/src/capabilities.rs names {name}:: on {lines} lines instead of one"));
        }
    }
    for name in folders("app/spine") {
        if !metadata.packages.iter().any(|package| package.name.as_str() == name && folder(package) == format!("app/spine/{name}")) {
            offences.push(format!("app/spine/{name} is not a crate named {name}"));
        }
    }
    expect_none("A capability is one folder, one line in THE LIST, one dependency line:", "Add or remove the three together.", &offences);
}
