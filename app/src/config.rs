//! Boot settings: the only reader of the environment and of the config file. What is set here must be known before the
//! database is open; everything else is a setting in it.
//!
//! Precedence: arguments, then `HERMETIC_…`, then the file, then the default.

use anyhow::{Context as _, Result, anyhow, bail};
use backup::copies::{FILES, Place};
use ipnet::IpNet;
use kernel::Secret;
use kernel::text::WebUrl;
use replica::address::{Address, Encryption, S3Options};
use replica::envelope::Envelope;
use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub struct Config {
    pub data_dir: PathBuf,
    pub listen: SocketAddr,
    /// `None`: http:// and the address that was bound.
    pub public_url: Option<WebUrl>,
    pub trusted_proxies: Vec<IpNet>,
    pub key_file: PathBuf,
    /// More certificate authorities (PEM) to trust when sending notices.
    pub ca_file: Option<PathBuf>,
    pub log: String,
    pub log_format: LogFormat,
    pub max_connections: usize,
    /// Where the databases are copied to; the one with the newest state is also restored from.
    pub replicas: Vec<Place>,
    /// Written with one JSON line once the server answers: for scripts and tests that start it with port 0.
    pub ready_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Text,
    Json,
}

/// What the command line may say; it wins over everything.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Overrides {
    /// The config file [default: /etc/hermetic/hermetic.toml, if it exists]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The folder with the databases
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// The address to listen on, such as 127.0.0.1:8080
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub listen: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    data_dir: Option<PathBuf>,
    listen: Option<String>,
    public_url: Option<String>,
    trusted_proxies: Option<Vec<String>>,
    key_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    log: Option<String>,
    log_format: Option<LogFormat>,
    max_connections: Option<usize>,
    ready_file: Option<PathBuf>,
    #[serde(default)]
    replica: Vec<ReplicaFile>,
}

/// One `[[replica]]`. A secret stands here, or in a file of its own, or (for the first) in the environment.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplicaFile {
    name: Option<String>,
    url: Option<String>,
    access_key_id: Option<String>,
    secret_access_key: Option<Secret>,
    secret_access_key_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    /// SSE-C: a file with 32 bytes in base64.
    customer_key_file: Option<PathBuf>,
    /// SSE-KMS: the key's name.
    kms_key: Option<String>,
    #[serde(default)]
    append_only: bool,
    /// Encryption on this machine; the identity alone will do.
    age_recipient: Option<String>,
    age_identity_file: Option<PathBuf>,
}

const DEFAULT_FILE: &str = "/etc/hermetic/hermetic.toml";
const DEFAULT_DATA_DIR: &str = "/var/lib/hermetic";
const DEFAULT_LISTEN: &str = "127.0.0.1:8080";

pub fn load(overrides: &Overrides) -> Result<Config> {
    let file = read_file(overrides.config.clone().or_else(|| environment("CONFIG").map(PathBuf::from)))?;
    let data_dir = overrides.data_dir.clone().or_else(|| environment("DATA_DIR").map(PathBuf::from)).or(file.data_dir);
    let data_dir = data_dir.unwrap_or_else(|| PathBuf::from(DEFAULT_DATA_DIR));
    let listen = overrides.listen.clone().or_else(|| environment("LISTEN")).or(file.listen);
    let listen = parse_listen(listen.as_deref().unwrap_or(DEFAULT_LISTEN))?;
    let public_url = environment("PUBLIC_URL").or(file.public_url).map(|text| parse_public_url(&text)).transpose()?;
    let proxies =
        environment("TRUSTED_PROXIES").map(|text| text.split(',').map(|part| part.trim().to_owned()).collect()).or(file.trusted_proxies);
    let log_format = match environment("LOG_FORMAT").as_deref() {
        None => file.log_format.unwrap_or(LogFormat::Text),
        Some("text") => LogFormat::Text,
        Some("json") => LogFormat::Json,
        Some(other) => bail!("HERMETIC_LOG_FORMAT is “text” or “json”, not “{other}”."),
    };
    let max_connections = match environment("MAX_CONNECTIONS") {
        None => file.max_connections.unwrap_or(2_048),
        Some(text) => text.parse().map_err(|_| anyhow!("HERMETIC_MAX_CONNECTIONS is a whole number such as 2048, not “{text}”."))?,
    };
    if max_connections == 0 {
        bail!("max_connections is at least 1.");
    }
    let replicas = replicas(file.replica)?;
    apart(&data_dir, &replicas)?;
    Ok(Config {
        key_file: environment("KEY_FILE").map(PathBuf::from).or(file.key_file).unwrap_or_else(|| data_dir.join("secret.key")),
        data_dir,
        listen,
        public_url,
        trusted_proxies: proxies.unwrap_or_default().iter().map(|text| parse_proxy(text)).collect::<Result<_>>()?,
        ca_file: environment("CA_FILE").map(PathBuf::from).or(file.ca_file),
        log: environment("LOG").or(file.log).unwrap_or_else(|| "info".to_owned()),
        log_format,
        max_connections,
        ready_file: environment("READY_FILE").map(PathBuf::from).or(file.ready_file),
        replicas,
    })
}

/// Those of the file; HERMETIC_REPLICA_… speaks for the first, or is the only one.
fn replicas(mut listed: Vec<ReplicaFile>) -> Result<Vec<Place>> {
    if let Some(url) = environment("REPLICA_URL") {
        if listed.is_empty() {
            listed.push(ReplicaFile::default());
        }
        listed[0].url = Some(url);
    }
    let mut places: Vec<Place> = Vec::new();
    for (at, replica) in listed.into_iter().enumerate() {
        let name = replica.name.clone().unwrap_or_else(|| if at == 0 { "replica".to_owned() } else { format!("replica-{}", at + 1) });
        if places.iter().any(|place| place.name == name) {
            bail!("Two replicas are called {name}. Please give each a name of its own.");
        }
        places.push(place(name, replica, at == 0)?);
    }
    Ok(places)
}

fn place(name: String, replica: ReplicaFile, is_first: bool) -> Result<Place> {
    let from_environment = |key: &str| if is_first { environment(&format!("REPLICA_{key}")) } else { None };
    let url = replica.url.with_context(|| format!("The replica {name} has no url, such as s3://bucket/path or /mnt/backup/hermetic"))?;
    let address = address(&url).map_err(|error| anyhow!("The replica {name}: {error}"))?;
    let secret_file = from_environment("SECRET_ACCESS_KEY_FILE").map(PathBuf::from).or(replica.secret_access_key_file);
    let secret = match (from_environment("SECRET_ACCESS_KEY").map(Secret::new).or(replica.secret_access_key), secret_file) {
        (Some(secret), _) => secret,
        (None, Some(path)) => read_secret(&path)?,
        (None, None) => Secret::default(),
    };
    let access_key_id = from_environment("ACCESS_KEY_ID").or(replica.access_key_id).unwrap_or_default();
    if matches!(address, Address::S3(_)) && (access_key_id.is_empty() || secret.expose().is_empty()) {
        bail!("The replica {name} needs access_key_id and secret_access_key (or secret_access_key_file).");
    }
    let encryption = match (from_environment("CUSTOMER_KEY_FILE").map(PathBuf::from).or(replica.customer_key_file), replica.kms_key) {
        (Some(_), Some(_)) => bail!("The replica {name} has both customer_key_file and kms_key; please choose one."),
        (Some(path), None) => Encryption::CustomerKey(read_secret(&path)?),
        (None, Some(key)) => Encryption::Kms(key),
        (None, None) => Encryption::Default,
    };
    let ca_pem = from_environment("CA_FILE")
        .map(PathBuf::from)
        .or(replica.ca_file)
        .map(|path| std::fs::read_to_string(&path).with_context(|| format!("The certificate file {} cannot be read", path.display())));
    let options = S3Options { access_key_id, secret_access_key: secret, session_token: None, ca_pem: ca_pem.transpose()?, encryption };
    let identity = from_environment("AGE_IDENTITY_FILE").map(PathBuf::from).or(replica.age_identity_file);
    let envelope = envelope(from_environment("AGE_RECIPIENT").or(replica.age_recipient), identity.as_deref());
    let envelope = envelope.with_context(|| format!("The replica {name}"))?;
    let place = Place { name, address, options, is_append_only: replica.append_only, envelope };
    for file in FILES {
        place.store(file).map_err(|error| anyhow!("The replica {}: {error}", place.name))?;
    }
    Ok(place)
}

/// Where a copy is. Of a folder's address the parts behind “?” and “#” would be dropped without a word.
pub fn address(url: &str) -> Result<Address> {
    if url.trim().starts_with("file:") && url.contains(['?', '#']) {
        bail!(
            "This address cannot be used: a folder has no options behind “?” or “#”; a folder with such a name is written without file://."
        );
    }
    Ok(url.parse::<Address>()?)
}

/// Copies that lie in the data folder die with it, and two in one place write over each other.
fn apart(data_dir: &Path, places: &[Place]) -> Result<()> {
    let data = resolved(&std::path::absolute(data_dir)?);
    for (at, place) in places.iter().enumerate() {
        if let Address::Folder(folder) = &place.address
            && is_nested(&resolved(folder), &data)
        {
            let (name, folder, data) = (&place.name, folder.display(), data.display());
            bail!("The replica {name} in {folder} and the data folder {data} lie in each other. Please copy to a folder apart from it.");
        }
        if let Some(other) = places[..at].iter().find(|other| overlap(&other.address, &place.address)) {
            bail!(
                "The replicas {} and {} have the same address, or lie in each other. Please give each a place apart.",
                other.name,
                place.name
            );
        }
    }
    Ok(())
}

fn overlap(one: &Address, other: &Address) -> bool {
    match (one, other) {
        (Address::Folder(one), Address::Folder(other)) => is_nested(&resolved(one), &resolved(other)),
        (Address::S3(one), Address::S3(other)) => {
            let is_same_server = one.bucket == other.bucket && one.endpoint == other.endpoint;
            is_same_server && is_nested(Path::new(&one.path), Path::new(&other.path))
        }
        _ => false,
    }
}

fn is_nested(one: &Path, other: &Path) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

/// Without links, as far as it is there.
fn resolved(path: &Path) -> PathBuf {
    let there = path.ancestors().find_map(|there| Some((there, there.canonicalize().ok()?)));
    match there.and_then(|(there, real)| Some((path.strip_prefix(there).ok()?, real))) {
        Some((rest, real)) => real.join(rest).components().collect(),
        None => path.to_owned(),
    }
}

fn envelope(recipient: Option<String>, identity_file: Option<&Path>) -> Result<Option<Arc<Envelope>>> {
    let identity = identity_file.map(read_secret).transpose()?;
    if recipient.is_none() && identity.is_none() {
        return Ok(None);
    }
    Ok(Some(Arc::new(Envelope::new(recipient.as_deref(), identity.as_ref())?)))
}

/// How a copy is read that no config names: by HERMETIC_REPLICA_AGE_IDENTITY_FILE when it is encrypted.
pub fn envelope_of_environment() -> Result<Option<Arc<Envelope>>> {
    envelope(environment("REPLICA_AGE_RECIPIENT"), environment("REPLICA_AGE_IDENTITY_FILE").map(PathBuf::from).as_deref())
}

/// Credentials for a copy that no config names.
pub fn replica_options_of_environment() -> Result<S3Options> {
    let secret = match (environment("REPLICA_SECRET_ACCESS_KEY"), environment("REPLICA_SECRET_ACCESS_KEY_FILE")) {
        (Some(secret), _) => Secret::new(secret),
        (None, Some(path)) => read_secret(Path::new(&path))?,
        (None, None) => Secret::default(),
    };
    Ok(S3Options {
        access_key_id: environment("REPLICA_ACCESS_KEY_ID").unwrap_or_default(),
        secret_access_key: secret,
        ..S3Options::default()
    })
}

fn read_secret(path: &Path) -> Result<Secret> {
    let text = std::fs::read_to_string(path).with_context(|| format!("The secret file {} cannot be read", path.display()))?;
    Ok(Secret::new(text.trim()))
}

/// A value of the command line that may come from the environment instead, such as HERMETIC_KEY.
pub fn environment(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "this is the one reader of the environment")]
    std::env::var(format!("HERMETIC_{name}")).ok().filter(|value| !value.is_empty())
}

/// A file that was named must be there; the default one may be absent.
fn read_file(named: Option<PathBuf>) -> Result<File> {
    let path = match &named {
        Some(path) => path.as_path(),
        None if Path::new(DEFAULT_FILE).exists() => Path::new(DEFAULT_FILE),
        None => return Ok(File::default()),
    };
    let text = std::fs::read_to_string(path).with_context(|| format!("The config file {} cannot be read", path.display()))?;
    toml::from_str(&text).map_err(|error| {
        let line = error.span().map_or(0, |span| text[..span.start].lines().count().max(1));
        anyhow!("The config file {} is not right in line {line}: {}.", path.display(), error.message().trim_end_matches('.'))
    })
}

fn parse_listen(text: &str) -> Result<SocketAddr> {
    text.parse().map_err(|_| anyhow!("listen is an address with a port, such as 127.0.0.1:8080, not “{text}”."))
}

fn parse_public_url(text: &str) -> Result<WebUrl> {
    let url =
        WebUrl::parse(text).map_err(|_| anyhow!("public_url is a web address such as https://hermetic.example.com, not “{text}”."))?;
    if url.url().path() != "/" || url.url().query().is_some() {
        bail!("public_url has no path: Hermetic stands at the root of its host name. Please remove everything after the host.");
    }
    Ok(url)
}

fn parse_proxy(text: &str) -> Result<IpNet> {
    text.parse::<IpNet>()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| anyhow!("trusted_proxies holds addresses or networks such as 127.0.0.1 or 10.0.0.0/8, not “{text}”."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_text(text: &str) -> Result<Config> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hermetic.toml");
        std::fs::write(&path, text).unwrap();
        load(&Overrides { config: Some(path), ..Overrides::default() })
    }

    #[test]
    fn every_mistake_gets_one_sentence_with_the_fix() {
        let cases = [
            ("listen = \"everywhere\"", "listen is an address with a port"),
            ("public_url = \"example.com\"", "public_url is a web address"),
            ("public_url = \"https://example.com/hermetic\"", "public_url has no path"),
            ("trusted_proxies = [\"proxy\"]", "trusted_proxies holds addresses"),
            ("lissten = \"x\"", "in line 1: unknown field `lissten`"),
            ("log = \"info\"\nlog_format = \"xml\"", "in line 2: unknown variant `xml`"),
            ("max_connections = 0", "max_connections is at least 1"),
            ("data_dir = ", "is not right in line 1"),
            ("[[replica]]\nname = \"a\"", "The replica a has no url"),
            ("[[replica]]\nurl = \"ftp://x\"", "a replica lives at s3:// or file://"),
            ("[[replica]]\nurl = \"s3://bucket/path\"", "needs access_key_id and secret_access_key"),
            ("[[replica]]\nurl = \"/a\"\nname = \"x\"\n[[replica]]\nurl = \"/b\"\nname = \"x\"", "Two replicas are called x"),
            ("data_dir = \"/srv/h\"\n[[replica]]\nurl = \"/srv/h\"", "lie in each other"),
            ("data_dir = \"/srv/h\"\n[[replica]]\nurl = \"/srv/h/replica/\"", "lie in each other"),
            ("data_dir = \"/srv/h\"\n[[replica]]\nurl = \"file:///srv\"", "lie in each other"),
            ("[[replica]]\nurl = \"/a/b\"\n[[replica]]\nurl = \"file:///a/b/\"", "replica and replica-2 have the same address"),
            ("[[replica]]\nurl = \"/a\"\n[[replica]]\nurl = \"/a/b\"", "replica and replica-2 have the same address"),
            ("[[replica]]\nurl = \"file:///a?append_only=true\"", "has no options behind"),
            ("[[replica]]\nurl = \"file:///a#b\"", "has no options behind"),
        ];
        for (text, expected) in cases {
            let error = from_text(text).err().unwrap_or_else(|| panic!("{text} was accepted")).to_string();
            assert!(error.contains(expected) && error.lines().count() == 1, "{text}: {error}");
        }
    }

    #[test]
    fn two_places_in_one_bucket_and_links_into_the_data_folder_are_seen() {
        let key = "access_key_id = \"a\"\nsecret_access_key = \"s\"\n";
        let two = |second: &str| from_text(&format!("[[replica]]\nurl = \"s3://b/h\"\n{key}[[replica]]\nurl = \"s3://{second}\"\n{key}"));
        for same in ["b/h", "b/h/", "b", "b/h/old"] {
            assert!(two(same).err().unwrap().to_string().contains("same address"), "{same}");
        }
        for apart in ["b/h2", "c/h", "b/h?endpoint=https://other.example.com"] {
            assert!(two(apart).is_ok(), "{apart}");
        }
        let folder = tempfile::tempdir().unwrap();
        let (data, link) = (folder.path().join("data"), folder.path().join("link"));
        std::fs::create_dir(&data).unwrap();
        std::os::unix::fs::symlink(&data, &link).unwrap();
        let text = format!("data_dir = {data:?}\n[[replica]]\nurl = {:?}", link.join("copies"));
        assert!(from_text(&text).err().unwrap().to_string().contains("lie in each other"));
    }

    #[test]
    fn the_shipped_sample_is_accepted_and_says_the_defaults() {
        let sample = from_text(include_str!("../../packaging/hermetic.toml")).unwrap();
        assert_eq!(sample.listen, DEFAULT_LISTEN.parse().unwrap());
        assert_eq!(sample.data_dir, PathBuf::from(DEFAULT_DATA_DIR));
        assert_eq!(sample.key_file, Path::new(DEFAULT_DATA_DIR).join("secret.key"));
        assert_eq!((sample.log.as_str(), sample.log_format, sample.max_connections), ("info", LogFormat::Text, 2_048));
    }

    #[test]
    fn every_key_of_the_replica_in_the_sample_exists() {
        let line = |line: &'static str| line.strip_prefix("#   ").or_else(|| line.strip_prefix("# ").filter(|rest| *rest == "[[replica]]"));
        let block: Vec<&str> = include_str!("../../packaging/hermetic.toml").lines().filter_map(line).collect();
        let file: File = toml::from_str(&block.join("\n")).unwrap();
        let [replica] = &file.replica[..] else { panic!("{block:?}") };
        assert!(replica.url.is_some() && replica.append_only && replica.age_identity_file.is_some(), "{block:?}");
        assert_eq!(block.len(), 10, "each line opens: {block:?}");
    }

    #[test]
    fn a_named_file_must_be_there() {
        let error = load(&Overrides { config: Some("missing.toml".into()), ..Overrides::default() }).err().unwrap();
        assert!(error.to_string().contains("cannot be read"));
    }
}
