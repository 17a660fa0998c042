//! Why a request is not taken, with what its answer says.

use kernel::{Error, Kind};
use std::time::Duration;

use crate::quota::{self, Reached};
use crate::reason::Reason;
use crate::room;

#[derive(Debug)]
pub(crate) enum Refusal {
    /// The key is wrong, off, or shown by a page that may not: which of them is nobody's business.
    Denied(Reason),
    Malformed(String),
    TooLarge(String),
    /// Beyond what may be reported in a minute.
    Limited(Vec<Reached>),
    /// More than this instance can take at the moment.
    Overloaded,
    /// The log takes nothing now.
    Unavailable(Error),
    Failed(Error),
}

/// How long a client waits while the log takes nothing: a disk does not empty itself in seconds.
const DISK_WAIT: Duration = Duration::from_secs(60);

impl Refusal {
    pub fn code(&self) -> u16 {
        match self {
            Refusal::Denied(_) => 403,
            Refusal::Malformed(_) => 400,
            Refusal::TooLarge(_) => 413,
            Refusal::Limited(_) | Refusal::Overloaded => 429,
            Refusal::Unavailable(_) => 503,
            Refusal::Failed(_) => 500,
        }
    }

    pub fn detail(&self) -> String {
        match self {
            Refusal::Denied(Reason::Origin) => "This project does not take reports from pages of this origin.".to_owned(),
            Refusal::Denied(_) => "There is no such project, or this key does not open it (any more). Please check the DSN.".to_owned(),
            Refusal::Malformed(sentence) | Refusal::TooLarge(sentence) => sentence.clone(),
            Refusal::Limited(_) => "This key or project has reported as much as it may at the moment.".to_owned(),
            Refusal::Overloaded => "Too much is coming in at the moment; please send this again in a few seconds.".to_owned(),
            Refusal::Unavailable(error) | Refusal::Failed(error) => error.public_message().to_owned(),
        }
    }

    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Refusal::Limited(reached) => reached.iter().map(|limit| quota::seconds(limit.wait)).max(),
            Refusal::Overloaded => Some(room::AGAIN.as_secs()),
            Refusal::Unavailable(_) => Some(DISK_WAIT.as_secs()),
            _ => None,
        }
    }

    /// For `X-Sentry-Rate-Limits`; empty where it says nothing.
    pub fn limits(&self) -> String {
        match self {
            Refusal::Limited(reached) => quota::header(reached),
            Refusal::Overloaded => format!("{}::organization:overloaded", room::AGAIN.as_secs()),
            _ => String::new(),
        }
    }

    /// What it is counted as, where it is not counted item by item.
    pub fn reason(&self) -> Reason {
        match self {
            Refusal::Denied(reason) => *reason,
            Refusal::Malformed(_) => Reason::Malformed,
            Refusal::TooLarge(_) => Reason::TooLarge,
            Refusal::Limited(_) => Reason::RateLimited,
            Refusal::Overloaded => Reason::Overloaded,
            Refusal::Unavailable(_) => Reason::DiskFull,
            Refusal::Failed(_) => Reason::Failed,
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Refusal {
        match error.kind {
            Kind::Invalid => Refusal::Malformed(error.message().to_owned()),
            Kind::TooLarge => Refusal::TooLarge(error.message().to_owned()),
            Kind::RateLimited(_) => Refusal::Overloaded,
            Kind::Unavailable => Refusal::Unavailable(error),
            _ => Refusal::Failed(error),
        }
    }
}
