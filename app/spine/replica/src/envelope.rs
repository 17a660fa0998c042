//! Encryption before anything leaves this machine, in the age format (age-encryption.org/v1): who has the bucket reads nothing.
//!
//! The price: Litestream cannot read such a copy; `hermetic backup export-plain` writes one that it can. And who loses the
//! identity loses the copy.

use age::secrecy::ExposeSecret as _;
use age::x25519::{Identity, Recipient};
use kernel::Secret;
use std::io::{self, Read, Write};
use std::str::FromStr as _;

use crate::store::StoreError;

/// What an encrypted object begins with that has to be fetched to read its first bytes: header, nonce, one chunk.
pub(crate) const FIRST_CHUNK: u64 = 4_096 + 65_536 + 16;

/// What every age file begins with.
pub(crate) const MAGIC: &[u8] = b"age-encryption.org/";

/// To whom the objects are encrypted, and, where they are to be read, with what.
#[derive(Clone)]
pub struct Envelope {
    recipient: Recipient,
    identity: Option<Identity>,
}

impl std::fmt::Debug for Envelope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Envelope({})", self.recipient)
    }
}

impl Envelope {
    /// `recipient` is `age1…`, `identity` is `AGE-SECRET-KEY-1…`; either will do to write, reading takes the identity.
    pub fn new(recipient: Option<&str>, identity: Option<&Secret>) -> Result<Envelope, StoreError> {
        let invalid = |sentence: &str| StoreError::Invalid(sentence.to_owned());
        let identity = identity
            .map(|text| {
                let line = text.expose().lines().map(str::trim).find(|line| line.starts_with("AGE-SECRET-KEY-")).unwrap_or_default();
                Identity::from_str(line).map_err(|_| invalid("An age identity is a line that starts with AGE-SECRET-KEY-1."))
            })
            .transpose()?;
        let recipient = match (recipient, &identity) {
            (Some(text), _) => {
                Recipient::from_str(text.trim()).map_err(|_| invalid("An age recipient is a word that starts with age1."))?
            }
            (None, Some(identity)) => identity.to_public(),
            (None, None) => return Err(invalid("Encryption takes an age recipient or an age identity.")),
        };
        if identity.as_ref().is_some_and(|identity| identity.to_public().to_string() != recipient.to_string()) {
            return Err(invalid("The age identity does not belong to the age recipient: what is written could not be read."));
        }
        Ok(Envelope { recipient, identity })
    }

    /// For whom: another recipient is another copy.
    pub fn recipient(&self) -> String {
        self.recipient.to_string()
    }

    /// Whether what was written can be read here: a machine that only writes has no identity.
    pub fn can_read(&self) -> bool {
        self.identity.is_some()
    }

    /// A new pair: recipient and identity.
    pub fn generate() -> (String, Secret) {
        let identity = Identity::generate();
        (identity.to_public().to_string(), Secret::new(identity.to_string().expose_secret()))
    }

    pub fn encrypt(&self, mut from: impl Read, to: impl Write) -> io::Result<()> {
        let recipients = std::iter::once(&self.recipient as &dyn age::Recipient);
        let encryptor = age::Encryptor::with_recipients(recipients).map_err(io::Error::other)?;
        let mut out = encryptor.wrap_output(to)?;
        io::copy(&mut from, &mut out)?;
        out.finish()?.flush()
    }

    pub fn decrypt<R: Read>(&self, from: R) -> io::Result<impl Read + use<R>> {
        let Some(identity) = &self.identity else {
            return Err(io::Error::other("it is encrypted, and no age identity is configured to read it with"));
        };
        let decryptor = age::Decryptor::new(from).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        decryptor
            .decrypt(std::iter::once(identity as &dyn age::Identity))
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    }
}
