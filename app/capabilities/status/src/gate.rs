//! The password of a protected page: a sealed cookie for thirty days, worthless once the password changes.

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use kernel::ids::digest;
use kernel::time::DAY;
use kernel::{Result, Sealer, Secret, Time};

const NAME: &str = "status_gate";
const CONTEXT: &str = "status.gate";
const DAYS: u32 = 30;

/// Whether this browser has given the password that holds now.
pub fn is_open(headers: &HeaderMap, sealer: &Sealer, password: &Secret, now: Time) -> bool {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let values = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().strip_prefix(NAME)?.strip_prefix('='));
    values.into_iter().any(|sealed| {
        let Ok(opened) = sealer.open(CONTEXT, sealed) else { return false };
        let Some((until, known)) = opened.expose().split_once('|') else { return false };
        until.parse::<i64>().is_ok_and(|until| now.0 < until) && known == digest(password.expose())
    })
}

/// Compared by digest: how long it takes says nothing about the password.
pub fn is_password(given: &str, password: &Secret) -> bool {
    digest(given) == digest(password.expose())
}

pub fn cookie(sealer: &Sealer, password: &Secret, now: Time, is_https: bool) -> Result<HeaderValue> {
    let until = now + DAY * DAYS;
    let sealed = sealer.seal(CONTEXT, &Secret::new(format!("{}|{}", until.0, digest(password.expose()))))?;
    let secure = if is_https { "; Secure" } else { "" };
    let age = DAYS * 86_400;
    HeaderValue::from_str(&format!("{NAME}={sealed}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}"))
        .map_err(|error| kernel::Error::internal("writing the cookie of the status page").because(error))
}
