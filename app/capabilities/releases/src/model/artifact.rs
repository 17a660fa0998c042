//! Uploaded files: what they are, how they are named, what the manifest of a bundle says of them.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArtifactKind {
    /// What browsers and servers run.
    Minified,
    Map,
    Source,
    /// ELF, Mach-O, PDB and their like: kept, not read yet.
    DebugFile,
}

impl ArtifactKind {
    pub const ALL: [ArtifactKind; 4] = [ArtifactKind::Minified, ArtifactKind::Map, ArtifactKind::Source, ArtifactKind::DebugFile];

    /// As it is stored, and as manifests spell the first three.
    pub fn as_str(self) -> &'static str {
        match self {
            ArtifactKind::Minified => "minified_source",
            ArtifactKind::Map => "source_map",
            ArtifactKind::Source => "source",
            ArtifactKind::DebugFile => "debug_file",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            ArtifactKind::Minified => "built file",
            ArtifactKind::Map => "source map",
            ArtifactKind::Source => "source",
            ArtifactKind::DebugFile => "debug file",
        }
    }

    pub fn parse(text: &str) -> Option<ArtifactKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// By its ending, where the upload does not say it.
    pub fn of_name(name: &str) -> ArtifactKind {
        if name.ends_with(".map") { ArtifactKind::Map } else { ArtifactKind::Minified }
    }
}

/// SHA-1 of uploaded bytes. Only 40 hexadecimal digits become one: nothing that a client names is a path or a key before that.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Checksum(pub [u8; 20]);

impl Checksum {
    pub fn parse(text: &str) -> Option<Checksum> {
        let mut bytes = [0; 20];
        read_hex(text, &mut bytes).then_some(Checksum(bytes))
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a build puts into a file and its map, so that they find each other.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DebugId(pub [u8; 16]);

impl DebugId {
    /// With or without dashes; what follows the 32 digits (the age of a PDB) is left out. All zeros is none.
    pub fn parse(text: &str) -> Option<DebugId> {
        let digits: String = text.chars().filter(|c| *c != '-').take(32).collect();
        let mut bytes = [0; 16];
        (read_hex(&digits, &mut bytes) && bytes != [0; 16]).then_some(DebugId(bytes))
    }
}

impl fmt::Display for DebugId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, byte) in self.0.iter().enumerate() {
            if matches!(position, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for DebugId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn read_hex(text: &str, bytes: &mut [u8]) -> bool {
    let digits = text.as_bytes();
    let digit = |at: usize| digits.get(at).and_then(|digit| char::from(*digit).to_digit(16));
    digits.len() == bytes.len() * 2
        && bytes.iter_mut().enumerate().all(|(at, byte)| match (digit(at * 2), digit(at * 2 + 1)) {
            (Some(high), Some(low)) => {
                *byte = u8::try_from(high * 16 + low).unwrap_or_default();
                true
            }
            _ => false,
        })
}

/// `https://cdn.example.com/static/app.js?v=3` and `app:///static/app.js` → `~/static/app.js`: the host says nothing about the build.
/// At most 1,000 characters.
pub fn normal_url(path: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let below = match path.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("", |slash| &rest[slash..]),
        None => path.strip_prefix('~').unwrap_or(path),
    };
    let below = below.replace('\\', "/");
    let mut url = String::from("~/");
    url.extend(below.trim_start_matches('/').chars().take(1_000));
    url
}

/// Where `reference` leads from the file `url` (both as in a browser), as a [`normal_url`].
pub fn joined_url(url: &str, reference: &str) -> String {
    if reference.contains("://") || reference.starts_with('~') {
        return normal_url(reference);
    }
    if reference.starts_with("//") {
        return normal_url(&format!("https:{reference}"));
    }
    let plain = reference.split(['?', '#']).next().unwrap_or_default();
    if plain.starts_with('/') {
        return normal_url(plain);
    }
    let mut parts: Vec<&str> = url.trim_start_matches("~/").split('/').collect();
    parts.pop();
    for part in plain.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    normal_url(&parts.join("/"))
}

/// `manifest.json` of a bundle. What it does not know is left out, as is every file that it does not name.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Manifest {
    pub files: BTreeMap<String, ManifestFile>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ManifestFile {
    #[serde(rename = "type")]
    kind: Option<String>,
    url: Option<String>,
    headers: BTreeMap<String, String>,
}

/// A file of a bundle, as it will be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    pub kind: ArtifactKind,
    pub debug_id: Option<DebugId>,
    pub url: String,
    pub map_url: String,
    pub name: String,
}

impl ManifestFile {
    /// `None` for kinds of files that lead no frame anywhere.
    pub fn labels(&self, path: &str) -> Option<Labels> {
        let name = self.url.as_deref().unwrap_or(path);
        let kind = match self.kind.as_deref() {
            Some(kind) => ArtifactKind::parse(kind).filter(|kind| *kind != ArtifactKind::DebugFile)?,
            None => ArtifactKind::of_name(name),
        };
        Some(Labels {
            kind,
            debug_id: self.header("debug-id").and_then(DebugId::parse),
            url: normal_url(name),
            map_url: self.map_url(),
            name: kernel::text::shorten(name, 300),
        })
    }

    fn map_url(&self) -> String {
        let named = self.header("sourcemap").or_else(|| self.header("x-sourcemap")).unwrap_or_default();
        if named.len() > 1_000 { String::new() } else { named.to_owned() }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

impl Labels {
    /// Without an id of its own, that of the name.
    pub fn of_debug_file(name: &str, debug_id: Option<DebugId>) -> Labels {
        Labels {
            kind: ArtifactKind::DebugFile,
            debug_id: debug_id.or_else(|| proguard_id(name)),
            url: normal_url(name),
            map_url: String::new(),
            name: kernel::text::shorten(name, 300),
        }
    }
}

/// ProGuard's mappings are text; that they are what they are stands in their name: `/proguard/UUID.txt`.
fn proguard_id(name: &str) -> Option<DebugId> {
    DebugId::parse(name.trim_start_matches('/').strip_prefix("proguard/")?.strip_suffix(".txt")?)
}

/// How files with debug information begin: ELF, Mach-O (both orders, and several machines in one), PE, PDB and its portable form,
/// WebAssembly, Breakpad, sources packed by the client, and what goes with Apple's (a symbol map and its property list).
const SIGNS: [&[u8]; 14] = [
    b"\x7fELF",
    b"\xcf\xfa\xed\xfe",
    b"\xce\xfa\xed\xfe",
    b"\xfe\xed\xfa\xcf",
    b"\xfe\xed\xfa\xce",
    b"\xca\xfe\xba\xbe",
    b"MZ",
    b"Micr",
    b"BSJB",
    b"\0asm",
    b"MODU",
    b"SYSB",
    b"BCSymbolMap",
    b"<?xml",
];

/// Whether a file has debug information, by its first bytes or its name.
pub fn is_debug_file(name: &str, start: &[u8]) -> bool {
    SIGNS.iter().any(|sign| start.starts_with(sign)) || proguard_id(name).is_some()
}
