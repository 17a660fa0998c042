//! Second factor: six digits every 30 seconds (RFC 6238, SHA-1, what every authenticator app speaks). Each code counts once.

use kernel::{Error, Result, Secret, Time};
use totp_rs::{Algorithm, TOTP};

const STEP_SECONDS: i64 = 30;
/// Phones run fast or slow: the neighbours of the current step are accepted, too.
const TOLERATED_STEPS: i64 = 1;
pub const RECOVERY_CODES: usize = 10;

/// 160 random bits, as RFC 4226 advises, in base 32.
pub fn new_secret() -> Secret {
    let bytes = kernel::rng::random_bytes::<20>().to_vec();
    Secret::new(totp_rs::Secret::Raw(bytes).to_encoded().to_string())
}

/// The `otpauth://` address that authenticator apps scan.
pub fn address(secret: &Secret, email: &str, product: &str) -> Result<Secret> {
    let mut totp = generator(secret)?;
    // The address format forbids colons in both names.
    totp.account_name = email.replace(':', " ");
    totp.issuer = Some(product.replace(':', " "));
    Ok(Secret::new(totp.get_url()))
}

/// The step for which `code` is right, if it is newer than `last_step`.
pub fn matching_step(secret: &Secret, code: &str, now: Time, last_step: i64) -> Result<Option<i64>> {
    let totp = generator(secret)?;
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let current = now.0.div_euclid(1_000 * STEP_SECONDS);
    Ok((current - TOLERATED_STEPS..=current + TOLERATED_STEPS).find(|step| {
        let expected = totp.generate((step * STEP_SECONDS).unsigned_abs());
        *step > last_step && is_same(&expected, &code)
    }))
}

/// The code for a moment: for tests and for the demo's scripts.
pub fn code_at(secret: &Secret, now: Time) -> Result<String> {
    Ok(generator(secret)?.generate(now.0.unsigned_abs() / 1_000))
}

/// Ten codes like `k3f9a-92hxm`, for the day the phone is lost.
pub fn new_recovery_codes() -> Vec<String> {
    (0..RECOVERY_CODES)
        .map(|_| {
            let token = kernel::ids::random_token();
            format!("{}-{}", &token[..5], &token[5..10])
        })
        .collect()
}

/// As a person may have typed it: case, blanks and the hyphen do not matter.
pub fn plain_recovery_code(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn generator(secret: &Secret) -> Result<TOTP> {
    let unreadable = || Error::internal("reading a second-factor secret");
    let bytes = totp_rs::Secret::Encoded(secret.expose().to_owned()).to_bytes().map_err(|_| unreadable())?;
    TOTP::new(Algorithm::SHA1, 6, 1, STEP_SECONDS.unsigned_abs(), bytes, None, String::new()).map_err(|_| unreadable())
}

/// In constant time: how many digits were right must not show in how long it took.
fn is_same(expected: &str, code: &str) -> bool {
    expected.len() == code.len() && expected.bytes().zip(code.bytes()).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}
