//! Values that never print, and the sealer that lets them rest in the database.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::sync::Arc;

use crate::{Error, Result};

/// A secret text: `Debug` and logs show `•••`; reading it takes the word [`Secret::expose`].
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn expose(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(Secret)
    }
}

/// Seals secrets at rest (AES-256-GCM, random nonce) under the instance's key file. The context is authenticated, so that
/// a sealed value cannot be moved to another place and be opened there.
#[derive(Clone)]
pub struct Sealer(Arc<LessSafeKey>);

impl Sealer {
    pub fn new(key: &[u8; 32]) -> Self {
        #[expect(clippy::expect_used, reason = "AES-256-GCM takes every 32 bytes as a key")]
        let key = UnboundKey::new(&AES_256_GCM, key).expect("32 bytes are a key");
        Self(Arc::new(LessSafeKey::new(key)))
    }

    /// `context` names the place, such as `alerts_channels.config`.
    pub fn seal(&self, context: &str, secret: &Secret) -> Result<String> {
        let nonce = crate::rng::random_bytes::<NONCE_LEN>();
        let mut bytes = secret.expose().as_bytes().to_vec();
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context.as_bytes()), &mut bytes)
            .map_err(|_| Error::internal("sealing a secret"))?;
        let mut sealed = nonce.to_vec();
        sealed.append(&mut bytes);
        Ok(STANDARD_NO_PAD.encode(sealed))
    }

    pub fn open(&self, context: &str, sealed: &str) -> Result<Secret> {
        let unreadable = || Error::internal("opening a sealed secret: the key file does not fit this database, or the value was moved");
        let bytes = STANDARD_NO_PAD.decode(sealed).map_err(|_| unreadable())?;
        let (nonce, body) = bytes.split_at_checked(NONCE_LEN).ok_or_else(unreadable)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| unreadable())?;
        let mut body = body.to_vec();
        let plain = self.0.open_in_place(nonce, Aad::from(context.as_bytes()), &mut body).map_err(|_| unreadable())?;
        String::from_utf8(plain.to_vec()).map(Secret).map_err(|_| unreadable())
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer")
    }
}
