//! What SDKs say about sessions: one update of one (`session`), or many counted already (`sessions`). Lenient: what is odd is left
//! out, never a reason to lose the rest.

use ingest::releases::checked_version;
use kernel::Time;
use kernel::time::{DAY, HOUR, MINUTE};
use serde_json::{Map, Value};

use super::health::Counts;

/// Sessions that began earlier than this before they arrived are not counted: SDKs keep what could not be sent, some for weeks.
pub const OLDEST: std::time::Duration = std::time::Duration::from_secs(5 * 86_400);

/// How a session ended so far. A later update can only make it worse, so that the order in which updates arrive does not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    Well,
    /// With errors that somebody caught.
    Errored,
    /// An error that nobody caught, and the program went on: browsers since SDK 11.
    Unhandled,
    /// It was killed or froze.
    Abnormal,
    Crashed,
}

impl Ending {
    const ALL: [Ending; 5] = [Ending::Well, Ending::Errored, Ending::Unhandled, Ending::Abnormal, Ending::Crashed];

    /// As it is stored.
    pub fn code(self) -> i64 {
        match self {
            Ending::Well => 0,
            Ending::Errored => 1,
            Ending::Unhandled => 2,
            Ending::Abnormal => 3,
            Ending::Crashed => 4,
        }
    }

    pub fn from_code(code: i64) -> Option<Ending> {
        Self::ALL.into_iter().find(|ending| ending.code() == code)
    }

    fn of(state: &str, errors: u64) -> Ending {
        match state {
            "crashed" => Ending::Crashed,
            "abnormal" => Ending::Abnormal,
            "unhandled" => Ending::Unhandled,
            "errored" => Ending::Errored,
            _ if errors > 0 => Ending::Errored,
            _ => Ending::Well,
        }
    }
}

/// Whom the sessions are about, and when they began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    pub version: String,
    pub environment: String,
    pub started_at: Time,
    /// What the SDK calls the user, if it does.
    pub person: Option<String>,
    pub what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// `None`: without an id it can only be counted for itself.
    One {
        sid: Option<String>,
        ending: Ending,
    },
    Many(Counts),
}

/// Why something was not counted: the reason of its outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refused {
    Unreadable,
    WithoutRelease,
    TooOld,
    /// It names one release too many: a program that calls each of its starts a release.
    TooManyReleases,
}

impl Refused {
    pub fn as_str(self) -> &'static str {
        match self {
            Refused::Unreadable => "invalid_session",
            Refused::WithoutRelease => "session_without_release",
            Refused::TooOld => "session_too_old",
            Refused::TooManyReleases => "too_many_releases",
        }
    }
}

/// When a request was sent by the SDK's clock, and when it came by ours.
#[derive(Debug, Clone, Copy)]
pub struct Clocks {
    pub sent_at: Option<Time>,
    pub received_at: Time,
}

impl Clocks {
    /// By our clock. A difference below an hour is the way and the waiting, not the clock (as Sentry's relay has it).
    fn corrected(&self, at: Time) -> Time {
        let drift = self.sent_at.map_or(0, |sent| self.received_at.0.saturating_sub(sent.0));
        let at = if drift.unsigned_abs() > (55 * MINUTE.as_millis()).try_into().unwrap_or(u64::MAX) {
            Time(at.0.saturating_add(drift))
        } else {
            at
        };
        at.min(self.received_at)
    }

    fn checked(&self, at: Option<Time>) -> Result<Time, Refused> {
        let at = self.corrected(at.unwrap_or(self.received_at));
        if self.received_at.since(at) > OLDEST { Err(Refused::TooOld) } else { Ok(at) }
    }
}

/// One update of one session.
pub fn read_one(payload: &[u8], clocks: Clocks) -> Result<Observed, Refused> {
    let Ok(Value::Object(session)) = serde_json::from_slice(payload) else { return Err(Refused::Unreadable) };
    let (version, environment) = attributes(&session)?;
    let started_at = clocks.checked(moment(session.get("started")).or_else(|| moment(session.get("timestamp"))))?;
    let ending = Ending::of(session.get("status").and_then(Value::as_str).unwrap_or("ok"), count(session.get("errors")));
    let sid = session.get("sid").and_then(text).filter(|sid| !sid.chars().all(|c| matches!(c, '0' | '-')));
    Ok(Observed { version, environment, started_at, person: person(session.get("did")), what: What::One { sid, ending } })
}

/// Sessions that the SDK counted. Rows that cannot be counted come back as refusals.
pub fn read_many(payload: &[u8], clocks: Clocks) -> Result<(Vec<Observed>, Vec<Refused>), Refused> {
    let Ok(Value::Object(sessions)) = serde_json::from_slice(payload) else { return Err(Refused::Unreadable) };
    let (version, environment) = attributes(&sessions)?;
    let rows = sessions.get("aggregates").and_then(Value::as_array).ok_or(Refused::Unreadable)?;
    let (mut observed, mut refused) = (Vec::new(), Vec::new());
    for row in rows.iter().filter_map(Value::as_object) {
        match clocks.checked(moment(row.get("started"))) {
            Ok(started_at) => observed.push(Observed {
                version: version.clone(),
                environment: environment.clone(),
                started_at,
                person: person(row.get("did")),
                what: What::Many(counts(row)),
            }),
            Err(reason) => refused.push(reason),
        }
    }
    Ok((observed, refused))
}

fn counts(row: &Map<String, Value>) -> Counts {
    let of = |name: &str| count(row.get(name)).min(1_000_000_000);
    let (errored, unhandled, abnormal, crashed) = (of("errored"), of("unhandled"), of("abnormal"), of("crashed"));
    Counts { sessions: of("exited") + errored + unhandled + abnormal + crashed, errored, unhandled, abnormal, crashed }
}

/// Release and environment. Without a release there is nothing to count for.
fn attributes(body: &Map<String, Value>) -> Result<(String, String), Refused> {
    let attributes = body.get("attrs").and_then(Value::as_object);
    let of = |name: &str| attributes.and_then(|all| all.get(name)).and_then(Value::as_str).unwrap_or_default();
    let version = checked_version(of("release")).ok_or(Refused::WithoutRelease)?;
    Ok((version, checked_environment(of("environment"))))
}

/// As SDKs name it, within the limits of the wire; “production” where none is named, as they do.
pub fn checked_environment(name: &str) -> String {
    let name = name.trim();
    let is_plain = name.chars().count() <= 64 && !name.contains(['/', '\n', '\r', '\t', ' ']) && !name.eq_ignore_ascii_case("none");
    if name.is_empty() {
        "production".to_owned()
    } else if is_plain && !name.chars().any(char::is_control) {
        name.to_owned()
    } else {
        "other".to_owned()
    }
}

fn person(value: Option<&Value>) -> Option<String> {
    value.and_then(text).filter(|name| !name.trim().is_empty())
}

/// Ids are texts, though some programs send numbers.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.chars().take(200).collect()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn count(value: Option<&Value>) -> u64 {
    let Some(value) = value else { return 0 };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to what fits")]
    let from_float = |number: f64| number.clamp(0.0, 1e12) as u64;
    value.as_u64().or_else(|| value.as_f64().map(from_float)).unwrap_or(0)
}

/// RFC 3339 with or without a zone, or seconds since 1970.
fn moment(value: Option<&Value>) -> Option<Time> {
    match value? {
        Value::String(text) => Time::parse_rfc3339(text).or_else(|| Time::parse_rfc3339(&format!("{text}Z"))),
        #[expect(clippy::cast_possible_truncation, reason = "clamped to what fits")]
        Value::Number(seconds) => seconds.as_f64().map(|seconds| Time((seconds * 1000.0).clamp(0.0, 1e15) as i64)),
        _ => None,
    }
}

/// The hash under which a user is remembered: the name itself is not kept. Another one in each project.
pub fn person_hash(project: kernel::ids::ProjectId, name: &str) -> i64 {
    let hash = ring::digest::digest(&ring::digest::SHA256, format!("{project}/{name}").as_bytes());
    let first = hash.as_ref().first_chunk::<8>().copied().unwrap_or_default();
    i64::from_le_bytes(first)
}

/// 16 bytes of a session's id; what is no UUID is hashed.
pub fn session_key(sid: &str) -> [u8; 16] {
    if let Some(id) = ingest::EventId::parse(sid) {
        return id.0;
    }
    let hash = ring::digest::digest(&ring::digest::SHA256, sid.as_bytes());
    hash.as_ref().first_chunk::<16>().copied().unwrap_or_default()
}

/// Rows of sessions that can change no more: their days may go.
pub fn forgotten_before(now: Time) -> Time {
    (now - OLDEST - DAY - HOUR).day_start()
}
