//! Where a replica lives, as the configuration says it: one address, the same that Litestream's URL would be.
//!
//! - [`Address`]: `s3://bucket/path?endpoint=…&region=…&force-path-style=true`, `file:///folder`, or a bare absolute folder
//! - [`S3Options`]: what must not stand in an address: credentials, encryption, a certificate authority

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use kernel::Secret;
use url::Url;

use crate::store::StoreError;

const DEFAULT_REGION: &str = "us-east-1";

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    S3(Bucket),
    Folder(PathBuf),
}

/// A path inside a bucket, and how its server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    pub bucket: String,
    /// Without slashes at its ends; empty for the bucket's top.
    pub path: String,
    /// Somebody else's server than Amazon's: `http://…` or `https://…`.
    pub endpoint: Option<String>,
    pub region: String,
    /// `https://host/bucket/key` instead of `https://bucket.host/key`; on by default where an endpoint is given.
    pub force_path_style: bool,
}

/// What a bucket needs besides its address. `Debug` shows no secret.
#[derive(Debug, Clone, Default)]
pub struct S3Options {
    pub access_key_id: String,
    pub secret_access_key: Secret,
    pub session_token: Option<Secret>,
    /// Trusted besides the machine's own authorities.
    pub ca_pem: Option<String>,
    pub encryption: Encryption,
}

/// What the server does to the objects before it stores them.
#[derive(Debug, Clone, Default)]
pub enum Encryption {
    /// What the bucket is set to.
    #[default]
    Default,
    /// SSE-C: with our key, 32 bytes in base64, which the server forgets after each request.
    CustomerKey(Secret),
    /// SSE-KMS: with the key of this name in the server's own store.
    Kms(String),
}

impl Address {
    /// A place below this one.
    pub fn child(&self, name: &str) -> Address {
        match self {
            Address::Folder(root) => Address::Folder(root.join(name)),
            Address::S3(bucket) => {
                let path = if bucket.path.is_empty() { name.to_owned() } else { format!("{}/{name}", bucket.path) };
                Address::S3(Bucket { path, ..bucket.clone() })
            }
        }
    }
}

impl FromStr for Address {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Address, StoreError> {
        let text = text.trim();
        if text.starts_with('/') {
            return folder(Path::new(text));
        }
        let url = Url::parse(text).map_err(|_| invalid("it looks like s3://bucket/path or /an/absolute/folder"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("credentials do not belong in it; give them by their own settings"));
        }
        match url.scheme() {
            "s3" => Ok(Address::S3(bucket(&url)?)),
            "file" => folder(&url.to_file_path().map_err(|()| invalid("a folder's address is file:/// and an absolute path"))?),
            other => Err(invalid(&format!("a replica lives at s3:// or file://, not at {other}://"))),
        }
    }
}

fn folder(path: &Path) -> Result<Address, StoreError> {
    // Taken apart and put together again: without doubled or trailing slashes.
    let path: PathBuf = path.components().collect();
    if path.components().any(|part| part.as_os_str() == "..") || path.parent().is_none() {
        return Err(invalid("a folder is an absolute path without “..”, and not the root of the machine"));
    }
    Ok(Address::Folder(path))
}

fn bucket(url: &Url) -> Result<Bucket, StoreError> {
    let bucket = url.host_str().unwrap_or_default().to_owned();
    if bucket.is_empty() || url.port().is_some() {
        return Err(invalid("an S3 address is s3://bucket/path; its server is given by ?endpoint=https://host:port"));
    }
    // A URL writes “my path” as “my%20path”; the keys have the former.
    let path = percent_decoded(url.path());
    let path = path.trim_matches('/').to_owned();
    if path.split('/').any(|part| part == "." || part == "..") || path.contains("//") {
        return Err(invalid("the path in an S3 address has no “.”, “..” or empty parts"));
    }
    let mut found = Bucket { bucket, path, endpoint: None, region: DEFAULT_REGION.to_owned(), force_path_style: false };
    let mut path_style = None;
    for (name, value) in url.query_pairs() {
        match name.as_ref() {
            "endpoint" => found.endpoint = Some(endpoint(&value)?),
            "region" if value.is_empty() => return Err(invalid("a region is a name such as eu-central-1, or is left out")),
            "region" => found.region = value.into_owned(),
            "force-path-style" | "forcePathStyle" => path_style = Some(flag(&value)?),
            other => {
                let known = "endpoint, region and force-path-style";
                return Err(invalid(&format!("an S3 address has no option {other:?}; there are {known}")));
            }
        }
    }
    found.force_path_style = path_style.unwrap_or(found.endpoint.is_some());
    Ok(found)
}

/// Litestream takes an endpoint without scheme as HTTPS.
fn endpoint(text: &str) -> Result<String, StoreError> {
    let text = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    match Url::parse(&text) {
        Ok(url) if !matches!(url.scheme(), "http" | "https") => Err(invalid("an endpoint starts with https:// or http://")),
        Ok(url) if !url.username().is_empty() || url.password().is_some() => Err(invalid("credentials do not belong in an endpoint")),
        Ok(_) => Ok(text.trim_end_matches('/').to_owned()),
        Err(_) => Err(invalid("an endpoint looks like https://host or http://host:port")),
    }
}

fn flag(text: &str) -> Result<bool, StoreError> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(invalid("force-path-style is true or false")),
    }
}

fn percent_decoded(text: &str) -> String {
    // `form_urlencoded` reads “+” as a space, which a path does not mean.
    let text = text.replace('+', "%2B");
    url::form_urlencoded::parse(text.as_bytes()).map(|(name, _)| name.into_owned()).next().unwrap_or_default()
}

fn invalid(sentence: &str) -> StoreError {
    StoreError::Invalid(format!("This address cannot be used: {sentence}."))
}

/// The address again, such that [`str::parse`] and Litestream read it as the same.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self {
            Address::Folder(path) => {
                let url = Url::from_file_path(path).map_err(|()| fmt::Error)?;
                return write!(f, "{url}");
            }
            Address::S3(place) => place,
        };
        let mut url = Url::parse(&format!("s3://{}", place.bucket)).map_err(|_| fmt::Error)?;
        if !place.path.is_empty() {
            url.set_path(&place.path.replace('%', "%25"));
        }
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if let Some(endpoint) = &place.endpoint {
            query.append_pair("endpoint", endpoint);
        }
        if place.region != DEFAULT_REGION {
            query.append_pair("region", &place.region);
        }
        if place.force_path_style != place.endpoint.is_some() {
            query.append_pair("force-path-style", if place.force_path_style { "true" } else { "false" });
        }
        let query = query.finish();
        let mark = if query.is_empty() { "" } else { "?" };
        write!(f, "{url}{mark}{query}")
    }
}

impl Bucket {
    /// `s3://bucket/path`: what a sentence calls it.
    pub fn place(&self) -> String {
        if self.path.is_empty() { format!("s3://{}", self.bucket) } else { format!("s3://{}/{}", self.bucket, self.path) }
    }
}
