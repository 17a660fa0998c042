//! Boot settings: the only reader of the environment and of the config file. What is set here must be known before the
//! database is open; everything else is a setting in it.
//!
//! Precedence: arguments, then `HERMETIC_…`, then the file, then the default.

use anyhow::{Context as _, Result, anyhow, bail};
use ipnet::IpNet;
use kernel::text::WebUrl;
use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

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
    })
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
        ];
        for (text, expected) in cases {
            let error = from_text(text).err().unwrap_or_else(|| panic!("{text} was accepted")).to_string();
            assert!(error.contains(expected) && error.lines().count() == 1, "{text}: {error}");
        }
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
    fn a_named_file_must_be_there() {
        let error = load(&Overrides { config: Some("missing.toml".into()), ..Overrides::default() }).err().unwrap();
        assert!(error.to_string().contains("cannot be read"));
    }
}
