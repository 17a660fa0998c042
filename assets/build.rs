//! Makes the browser files part of the binary: bundle, name by content, compress, write the table that `src/lib.rs` includes.
//!
//! Inputs: `islands/*.ts`, `styles/*.css`, `icons/*.svg`, `content/**`. Nothing is written outside of OUT_DIR.
//! `HERMETIC_ASSETS_DIR` names a folder with the bundled files instead, for machines without Node.js.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

/// Bundles by their entry points; a prebuilt folder has to hold the same names.
const BUNDLES: [(&str, &str); 12] = [
    ("islands/console.ts", "console.js"),
    ("styles/console.css", "console.css"),
    ("styles/public.css", "public.css"),
    // The sheet of one capability's pages, under its word.
    ("styles/engagement.css", "engagement.css"),
    ("styles/errors.css", "errors.css"),
    ("styles/logs.css", "logs.css"),
    ("styles/replay.css", "replay.css"),
    // The page around a player, and the player's own document.
    ("islands/replay-page.ts", "replay-page.js"),
    ("islands/replay-player.ts", "replay-player.js"),
    ("styles/replay-player.css", "replay-player.css"),
    // What stands in other people's pages: `/t.js` and `/survey.js`.
    ("islands/track.ts", "track.js"),
    ("islands/survey.ts", "survey.js"),
];
const NO_NODE: &str =
    "Hermetic's browser files are bundled at build time: install Node.js 20 or newer, or set HERMETIC_ASSETS_DIR to a prebuilt folder.";
/// Old enough for any browser that still gets updates; below these, esbuild rewrites what is too new.
const TARGETS: &str = "--target=es2020,chrome90,firefox90,safari14.1";

/// A failure is one sentence: that is all a person who runs `cargo build` needs to see.
type Outcome<T> = Result<T, String>;

fn main() {
    for input in ["build.rs", "package.json", "package-lock.json", "islands", "styles", "icons", "content"] {
        println!("cargo::rerun-if-changed={input}");
    }
    println!("cargo::rerun-if-env-changed=HERMETIC_ASSETS_DIR");
    let prebuilt = variable("HERMETIC_ASSETS_DIR").ok();
    if let Some(folder) = &prebuilt {
        println!("cargo::rerun-if-changed={folder}");
    }
    if let Err(sentence) = build(prebuilt.as_deref()) {
        println!("cargo::error={sentence}");
    }
}

#[expect(clippy::disallowed_methods, reason = "cargo tells a build script its folders by the environment")]
fn variable(name: &str) -> Outcome<String> {
    std::env::var(name).map_err(|_| format!("The variable {name} is not set."))
}

fn build(prebuilt: Option<&str>) -> Outcome<()> {
    let out = PathBuf::from(variable("OUT_DIR")?);
    let here = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let bundled = match prebuilt {
        Some(folder) => PathBuf::from(folder),
        None => bundle(&here, &out)?,
    };
    for (_, name) in BUNDLES {
        if !bundled.join(name).is_file() {
            return Err(format!(
                "{} has no {name}: it must hold what esbuild makes of assets/islands and assets/styles.",
                bundled.display()
            ));
        }
    }
    let mut files = files_below(&bundled)?;
    files.push(("favicon.svg".to_owned(), here.join("icons/favicon.svg")));
    files.sort();
    let mut table = write_served(&files, &out)?;
    write_texts(&mut table, "CONTENT", &files_below(&here.join("content"))?);
    write_texts(&mut table, "ICONS", &files_below(&here.join("icons"))?);
    write(&out.join("table.rs"), table.as_bytes())
}

/// Copies the inputs, installs what the lock file names when it changed, and runs esbuild. Gives the folder of the results.
fn bundle(here: &Path, out: &Path) -> Outcome<PathBuf> {
    require_node()?;
    let workshop = out.join("workshop");
    for folder in ["islands", "styles"] {
        copy_afresh(&here.join(folder), &workshop.join(folder))?;
    }
    let lock = read(&here.join("package-lock.json"))?;
    let stamp = workshop.join("installed-lock");
    if fs::read(&stamp).ok().as_deref() != Some(lock.as_slice()) {
        for name in ["package.json", "package-lock.json"] {
            write(&workshop.join(name), &read(&here.join(name))?)?;
        }
        run(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&workshop), "npm ci")?;
        write(&stamp, &lock)?;
    }
    let bundled = workshop.join("bundled");
    remove(&bundled)?;
    let mut esbuild = Command::new("node");
    esbuild.current_dir(&workshop).arg("node_modules/esbuild/bin/esbuild").args(BUNDLES.map(|(entry, _)| entry));
    esbuild.args(["--bundle", "--minify", "--format=iife", TARGETS, "--legal-comments=linked", "--charset=utf8"]);
    esbuild.args(["--entry-names=[name]", "--outdir=bundled", "--log-level=error", "--color=false"]);
    run(&mut esbuild, "esbuild")?;
    Ok(bundled)
}

fn require_node() -> Outcome<()> {
    let asked = Command::new("node").arg("--version").output().map_err(|_| NO_NODE.to_owned())?;
    let answer = String::from_utf8_lossy(&asked.stdout).into_owned();
    let major: u32 = answer.trim().trim_start_matches('v').split('.').next().and_then(|part| part.parse().ok()).unwrap_or(0);
    if major >= 20 { Ok(()) } else { Err(NO_NODE.to_owned()) }
}

fn run(command: &mut Command, name: &str) -> Outcome<()> {
    let ran = command.output().map_err(|_| NO_NODE.to_owned())?;
    if ran.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&ran.stderr);
    let said: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).take(6).collect();
    Err(format!("{name} failed while bundling Hermetic's browser files: {}", said.join(" · ")))
}

/// Names each file by its content, compresses it, and writes the table `SERVED`, ordered by path.
fn write_served(files: &[(String, PathBuf)], out: &Path) -> Outcome<String> {
    let folder = out.join("served");
    remove(&folder)?;
    let mut rows = Vec::new();
    for (name, source) in files {
        let body = read(source)?;
        let digest = ring::digest::digest(&ring::digest::SHA256, &body);
        let hash: String = digest.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let path = format!("/assets/{}", with_hash(name, &hash[..10]));
        let place = folder.join(name.replace('/', "_"));
        write(&place, &body)?;
        let br = compressed(&place, "br", &body, brotli(&body))?;
        let gzip = compressed(&place, "gz", &body, gzip(&body))?;
        rows.push((path.clone(), format!(
            "Asset {{ name: {name:?}, path: {path:?}, content_type: {:?}, etag: \"\\\"{hash}\\\"\", body: include_bytes!({place:?}), br: {br}, gzip: {gzip} }},\n",
            content_type(name)
        )));
    }
    rows.sort();
    let rows: String = rows.into_iter().map(|(_, row)| row).collect();
    Ok(format!("static SERVED: &[Asset] = &[\n{rows}];\n"))
}

/// A table of texts by name, without the endings of drawings; included from where they lie.
fn write_texts(table: &mut String, name: &str, files: &[(String, PathBuf)]) {
    let _ = writeln!(table, "static {name}: &[(&str, &str)] = &[");
    for (file, source) in files {
        let key = file.strip_suffix(".svg").unwrap_or(file);
        let _ = writeln!(table, "({key:?}, include_str!({source:?})),");
    }
    table.push_str("];\n");
}

/// Kept only when it saves something: tiny files grow.
fn compressed(place: &Path, ending: &str, body: &[u8], packed: io::Result<Vec<u8>>) -> Outcome<String> {
    let packed = packed.map_err(|error| format!("{} could not be compressed: {error}", place.display()))?;
    if packed.len() >= body.len() {
        return Ok("None".to_owned());
    }
    let target = place.with_file_name(format!("{}.{ending}", place.file_name().unwrap_or_default().to_string_lossy()));
    write(&target, &packed)?;
    Ok(format!("Some(include_bytes!({target:?}))"))
}

fn brotli(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut packed = Vec::new();
    let params = brotli::enc::BrotliEncoderParams { quality: 11, ..Default::default() };
    brotli::BrotliCompress(&mut &*body, &mut packed, &params)?;
    Ok(packed)
}

fn gzip(body: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    io::Write::write_all(&mut encoder, body)?;
    encoder.finish()
}

/// `console.css` → `console-3f2a….css`; what follows the first dot stays, so that `console.js.LEGAL.txt` remains a text.
fn with_hash(name: &str, hash: &str) -> String {
    let base = name.rfind('/').map_or(0, |slash| slash + 1);
    let dot = name[base..].find('.').map_or(name.len(), |dot| base + dot);
    format!("{}-{hash}{}", &name[..dot], &name[dot..])
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "json" => "application/json",
        "png" => "image/png",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// All files below a folder, by their path in it, in order. A folder that does not exist has none.
fn files_below(folder: &Path) -> Outcome<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        let Ok(entries) = fs::read_dir(&next) else { continue };
        for entry in entries {
            let path = entry.map_err(|error| format!("{} cannot be read: {error}", next.display()))?.path();
            if path.is_dir() {
                open.push(path);
            } else if let Ok(name) = path.strip_prefix(folder) {
                found.push((name.to_string_lossy().replace('\\', "/"), path.clone()));
            }
        }
    }
    found.retain(|(name, _)| !name.split('/').any(|part| part.starts_with('.')));
    found.sort();
    Ok(found)
}

fn copy_afresh(from: &Path, to: &Path) -> Outcome<()> {
    remove(to)?;
    for (name, source) in files_below(from)? {
        write(&to.join(name), &read(&source)?)?;
    }
    Ok(())
}

fn remove(folder: &Path) -> Outcome<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(format!("{} cannot be removed: {error}", folder.display())),
        _ => Ok(()),
    }
}

fn read(path: &Path) -> Outcome<Vec<u8>> {
    fs::read(path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
}

fn write(path: &Path, body: &[u8]) -> Outcome<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(path, body))
        .map_err(|error| format!("{} cannot be written: {error}", path.display()))
}
