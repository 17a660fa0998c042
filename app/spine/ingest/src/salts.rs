//! Visitors without a cookie: a handle of a day, made of the address and the browser's own words by a secret of that day.
//!
//! The secret is random, and gone after 48 hours at the latest; the address is not stored at all. So nobody is known again on another day.
//! Somebody who reads on over midnight (UTC) becomes a second visitor: to bridge that, yesterday's handle would have to be made beside
//! today's, which ties two days of a person together.

use db::Db;
use kernel::ids::ProjectId;
use kernel::{Result, Time};
use ring::hmac;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::store::{self, Salt};

/// Today's, in memory.
pub(crate) struct Salts {
    hermetic: Db,
    today: Mutex<Option<(Time, Salt)>>,
}

impl Salts {
    pub fn new(hermetic: Db) -> Salts {
        Salts { hermetic, today: Mutex::default() }
    }

    /// The salt of this moment's day; made by the first who asks.
    pub async fn of(&self, now: Time) -> Result<Salt> {
        let day = now.day_start();
        let known = *self.today.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, salt)) = known.filter(|(known, _)| *known == day) {
            return Ok(salt);
        }
        let fresh: Salt = kernel::rng::random_bytes();
        let salt = self
            .hermetic
            .write(move |tx| {
                store::keep_salt(tx, day, fresh)?;
                Ok(store::salt_of(tx, day)?.unwrap_or(fresh))
            })
            .await?;
        *self.today.lock().unwrap_or_else(PoisonError::into_inner) = Some((day, salt));
        Ok(salt)
    }
}

/// 128 bits of a keyed hash, in hexadecimal.
pub(crate) fn visitor(salt: &Salt, project: ProjectId, address: Option<IpAddr>, agent: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, salt);
    let address = address.map(|address| address.to_string()).unwrap_or_default();
    let tag = hmac::sign(&key, format!("{}\n{address}\n{agent}", project.0).as_bytes());
    let hex: String = tag.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("day-{hex}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visitor_is_known_for_a_day_and_by_one_project_only() {
        let address = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        let first = visitor(&[1; 16], ProjectId(1), address("203.0.113.9"), "Firefox");
        assert_eq!(first.len(), 36);
        assert_eq!(first, visitor(&[1; 16], ProjectId(1), address("203.0.113.9"), "Firefox"));
        for other in [
            visitor(&[2; 16], ProjectId(1), address("203.0.113.9"), "Firefox"),
            visitor(&[1; 16], ProjectId(2), address("203.0.113.9"), "Firefox"),
            visitor(&[1; 16], ProjectId(1), address("203.0.113.8"), "Firefox"),
            visitor(&[1; 16], ProjectId(1), address("203.0.113.9"), "Chrome"),
        ] {
            assert_ne!(first, other);
        }
        assert!(!first.contains("203"));
    }
}
