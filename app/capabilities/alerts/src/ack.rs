//! Links that acknowledge one alert without signing in: sealed (so that nobody can make or change one) and expiring. Opening such a link
//! shows a page with a button; mail scanners that open every link acknowledge nothing.

use std::time::Duration;

use kernel::ids::AlertId;
use kernel::{Error, Result, Sealer, Secret, Time};

const CONTEXT: &str = "alerts.ack";
/// Long enough for a weekend.
const LIFE: Duration = Duration::from_secs(7 * 86_400);

pub fn token(sealer: &Sealer, alert: AlertId, now: Time) -> Result<String> {
    let sealed = sealer.seal(CONTEXT, &Secret::new(format!("{alert}:{}", (now + LIFE).0)))?;
    Ok(sealed.replace('+', "-").replace('/', "_"))
}

/// The alert behind the link, while it holds.
pub fn read(sealer: &Sealer, token: &str, now: Time) -> Result<AlertId> {
    let wrong = || Error::not_found("link");
    let opened = sealer.open(CONTEXT, &token.replace('-', "+").replace('_', "/")).map_err(|_| wrong())?;
    let (alert, until) = opened.expose().split_once(':').ok_or_else(wrong)?;
    let (alert, until) = (alert.parse().map_err(|_| wrong())?, until.parse::<i64>().map_err(|_| wrong())?);
    if now.0 >= until {
        return Err(Error::new(kernel::Kind::NotFound, "This link has expired. Please open the alert in Hermetic instead."));
    }
    Ok(AlertId(alert))
}
