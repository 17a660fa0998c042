//! A DSN that does not fit is the commonest reason why nothing arrives: it is put together again and logged, now and then.

use kernel::Time;
use kernel::ids::ProjectId;
use kernel::text::shorten;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::reason::Reason;

/// One that sends all day is told of once in this time.
const AGAIN: Duration = Duration::from_secs(600);
/// Different ones remembered: whoever tries keys at random fills no log.
const REMEMBERED: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct Mispastes(Mutex<HashMap<String, Time>>);

impl Mispastes {
    /// The key is public by nature. A secret half, as old DSNs have one, is not part of it.
    pub fn tell(&self, key: &str, host: &str, project: Option<ProjectId>, reason: Reason, now: Time) {
        let host: String = host.chars().filter(|c| c.is_ascii_alphanumeric() || ".:-[]".contains(*c)).collect();
        let project = project.map(|id| id.to_string()).unwrap_or_default();
        let dsn = format!("//{key}@{}/{project}", shorten(&host, 100));
        if self.is_news(&dsn, now) {
            tracing::warn!(dsn, reason = reason.as_str(), "a program reports with a DSN that opens nothing here");
        }
    }

    fn is_news(&self, dsn: &str, now: Time) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.get(dsn).is_some_and(|at| now.since(*at) < AGAIN) {
            return false;
        }
        told.retain(|_, at| now.since(*at) < AGAIN);
        if told.len() >= REMEMBERED {
            return false;
        }
        told.insert(dsn.to_owned(), now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_dsn_is_told_once_in_ten_minutes_and_guesses_fill_no_log() {
        let (told, now) = (Mispastes::default(), Time(1_772_452_800_000));
        assert!(told.is_news("a", now) && !told.is_news("a", now));
        assert!(told.is_news("a", now + AGAIN));
        let news = (0..1_000).filter(|guess| told.is_news(&guess.to_string(), now + AGAIN)).count();
        assert_eq!(news, REMEMBERED - 1);
    }
}
