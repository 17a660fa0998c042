//! Passwords: argon2id with the crate's defaults (19 MiB, two passes: OWASP's first choice), one at a time, so that a
//! flood of sign-ins costs one core and 19 MiB, not the machine.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use kernel::{Error, Result, Secret};
use tokio::sync::Semaphore;

static ONE_AT_A_TIME: Semaphore = Semaphore::const_new(1);

/// Compared against when the address is unknown, so that the answer takes as long as for a known one.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$YjZFvTDsNU0wT4tYyw9qhLqk9gJ3rnZ2Wn4vXh3Zr3E";

/// The hash in PHC form, with a salt of its own.
pub async fn hash(password: &Secret) -> Result<String> {
    let password = password.clone();
    blocking(move || {
        let hash = Argon2::default().hash_password(password.expose().as_bytes());
        hash.map(|hash| hash.to_string()).map_err(|error| Error::internal("hashing a password").because(error.to_string()))
    })
    .await
}

/// `hash`: `None` when there is no such member; that takes as long and is never right.
pub async fn is_right(hash: Option<String>, password: &Secret) -> Result<bool> {
    let password = password.clone();
    blocking(move || {
        let is_somebody = hash.is_some();
        let text = hash.unwrap_or_else(|| NOBODY.to_owned());
        let parsed = PasswordHash::new(&text).map_err(|error| Error::internal("reading a password hash").because(error.to_string()))?;
        Ok(Argon2::default().verify_password(password.expose().as_bytes(), &parsed).is_ok() && is_somebody)
    })
    .await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let gone = || Error::internal("the password worker is gone");
    let _turn = ONE_AT_A_TIME.acquire().await.map_err(|_| gone())?;
    tokio::task::spawn_blocking(work).await.map_err(|error| gone().because(error))?
}
