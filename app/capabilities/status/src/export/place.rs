//! Where the export goes: [`Place`], with the [`Credentials`] that open it and the [`Cadence`] it is renewed in.

use kernel::{Error, Result, Secret};
use replica::address::{Address, S3Options};
use replica::store::{Store, StoreError};
use std::time::Duration;

#[derive(Debug, Clone)]
pub struct Place {
    /// `s3://bucket/path?endpoint=…` or a folder, as it was entered.
    pub address: String,
    pub credentials: Credentials,
    pub cadence: Cadence,
}

#[derive(Debug, Clone, Default)]
pub struct Credentials {
    pub access_key_id: String,
    pub secret_access_key: Secret,
}

/// How often the first pages are renewed when nothing happens, and how long others may keep what they got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cadence {
    pub minutes: u32,
    pub cache_seconds: u32,
}

impl Cadence {
    pub fn period(self) -> Duration {
        Duration::from_secs(60) * self.minutes
    }

    /// For every file: none has its content in its name, so that none could be kept for good. Styles and scripts are within the
    /// pages.
    pub fn cache_control(self) -> String {
        let keep = self.cache_seconds;
        format!("public, max-age={keep}, stale-while-revalidate={}, stale-if-error=86400", 2 * keep)
    }

    /// Minutes after which a page that was not renewed must be an old one: two periods, and what a cache may add.
    pub fn late_after(self) -> u32 {
        2 * self.minutes + (3 * self.cache_seconds).div_ceil(60)
    }
}

/// What is wrong with an address, for whoever enters it.
pub fn check(address: &str) -> Result<()> {
    parse(address).map(|_| ())
}

fn parse(address: &str) -> Result<Address> {
    // The same address as a replica's, and so are its words.
    let own_words = |error: StoreError| {
        Error::invalid(error.to_string().replace("a replica lives at", "an export goes to").replace(", not at", ", not to"))
    };
    address.parse::<Address>().map_err(own_words)
}

impl Place {
    pub(super) fn open(&self, ca_pem: Option<String>) -> Result<Store> {
        let address = parse(&self.address)?;
        let Credentials { access_key_id, secret_access_key } = self.credentials.clone();
        if matches!(address, Address::S3(_)) && (access_key_id.is_empty() || secret_access_key.is_empty()) {
            return Err(Error::invalid(
                "A bucket needs an access key and its secret. Please enter both in the settings of the status page.",
            ));
        }
        let options = S3Options { access_key_id, secret_access_key, ca_pem, ..S3Options::default() };
        Store::open(&address, &options).map_err(told)
    }

    /// Equal for places that need not be opened anew. Holds no secret in the clear.
    pub(super) fn mark(&self) -> String {
        let Credentials { access_key_id, secret_access_key } = &self.credentials;
        kernel::ids::digest(&format!("{:?}", (&self.address, access_key_id, secret_access_key.expose(), self.cadence)))
    }
}

/// A store's errors are sentences already.
pub(super) fn told(error: StoreError) -> Error {
    Error::unavailable(error.to_string())
}
