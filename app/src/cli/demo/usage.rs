//! What the customers of the demo's shop have done within half a year, as its analytics library tells it: they look around as visitors, some sign up,
//! most of these come back for a while, a few for good.

use kernel::Time;
use kernel::time::{DAY, HOUR, MINUTE};
use serde_json::{Value, json};

use super::chance::Chance;

const DAYS: u64 = 180;
/// Who comes on a day for the first time, at the end of the half year; at its beginning it was a third.
const NEWCOMERS: u64 = 6;
/// Messages of one request.
pub const BATCH: usize = 500;

/// What somebody who is signed in does, the common first.
const ACTIONS: [&str; 6] = ["Order viewed", "Search used", "Order created", "Invoice paid", "Report exported", "Teammate invited"];
const PLANS: [&str; 4] = ["free", "starter", "pro", "enterprise"];
const SOURCES: [&str; 4] = ["hn", "newsletter", "search", "friend"];

/// All of it, oldest first, in the words of Segment's libraries.
pub fn half_year(now: Time) -> Vec<Value> {
    let mut told = Vec::new();
    for ago in (0..DAYS).rev() {
        let mut chance = Chance::of(ago);
        let newcomers = NEWCOMERS / 3 + chance.below(NEWCOMERS * (DAYS - ago) / DAYS + 1);
        for number in 0..newcomers {
            somebody(&mut told, &mut chance, (ago, number), now);
        }
    }
    told.retain(|message| message["timestamp"].as_str().and_then(Time::parse_rfc3339).is_some_and(|at| at < now));
    told.sort_by(|one, other| one["timestamp"].as_str().cmp(&other["timestamp"].as_str()));
    told
}

/// From the first look on.
fn somebody(told: &mut Vec<Value>, chance: &mut Chance, (ago, number): (u64, u64), now: Time) {
    let start = now.day_start() - DAY * ago as u32 + HOUR * (7 + chance.below(13) as u32) + MINUTE * chance.below(60) as u32;
    let (visitor, user) = (format!("visitor-{ago}-{number}"), format!("customer-{ago}-{number}"));
    let mut person = Person { visitor, user: String::new(), said: 0 };
    let source = chance.pick(&SOURCES);
    for page in ["/", "/pricing"].iter().take(1 + chance.below(2) as usize) {
        person.page(told, start + MINUTE * person.said, page, Some(source));
    }
    if !chance.once_in(3) {
        return;
    }
    let plan = *chance.pick(&PLANS);
    person.user = user;
    person.who(told, start + MINUTE * 4, plan, number);
    person.did(told, start + MINUTE * 5, "Signed up", plan);
    // One in four stays; the others lose interest within weeks.
    let stays = chance.once_in(4);
    for day in 0..=ago {
        let comes = if day == 0 {
            true
        } else if stays {
            chance.below(10) < 5
        } else {
            chance.below(10 + day * 3) < 4
        };
        if !comes {
            continue;
        }
        let begins = start + DAY * day as u32 + HOUR * chance.below(3) as u32 + MINUTE * 6;
        person.page(told, begins, "/app", None);
        for turn in 0..1 + chance.below(6) {
            let name = ACTIONS[(chance.below(6).min(chance.below(6))) as usize];
            person.did(told, begins + MINUTE * (1 + turn as u32 * 3), name, plan);
        }
    }
}

struct Person {
    visitor: String,
    /// Empty until it signs up.
    user: String,
    said: u32,
}

impl Person {
    fn message(&mut self, at: Time, kind: &str) -> Value {
        self.said += 1;
        let library = json!({"name": "analytics.js", "version": "1.84.0"});
        let mut message = json!({
            "type": kind, "messageId": format!("{}-{}", self.visitor, self.said), "timestamp": at.rfc3339_millis(),
            "anonymousId": self.visitor, "context": {"library": library, "locale": "en"},
        });
        if !self.user.is_empty() {
            message["userId"] = self.user.as_str().into();
        }
        message
    }

    fn page(&mut self, told: &mut Vec<Value>, at: Time, path: &str, source: Option<&str>) {
        let mut message = self.message(at, "page");
        message["properties"] = json!({"path": path, "url": format!("https://shop.example{path}")});
        if let Some(source) = source {
            message["context"]["campaign"] = json!({"source": source});
        }
        told.push(message);
    }

    fn did(&mut self, told: &mut Vec<Value>, at: Time, name: &str, plan: &str) {
        let mut message = self.message(at, "track");
        message["event"] = name.into();
        message["properties"] = json!({"plan": plan});
        told.push(message);
    }

    fn who(&mut self, told: &mut Vec<Value>, at: Time, plan: &str, number: u64) {
        let names = ["Ada", "Grace", "Edsger", "Barbara", "Alan", "Radia", "Ken", "Frances"];
        let name = names[(self.visitor.len() as u64 + number) as usize % names.len()];
        let mut message = self.message(at, "identify");
        message["traits"] = json!({"name": name, "email": format!("{}@customers.example", self.user), "plan": plan});
        told.push(message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn half_a_year_is_the_same_each_time_and_has_everybody() {
        let now = Time(1_772_452_800_000);
        let told = half_year(now);
        assert_eq!(told, half_year(now));
        assert!((5_000..60_000).contains(&told.len()), "{}", told.len());
        let ids: BTreeSet<&str> = told.iter().filter_map(|message| message["messageId"].as_str()).collect();
        assert_eq!(ids.len(), told.len(), "each message has an id of its own");
        let names: BTreeSet<&str> = told.iter().filter_map(|message| message["event"].as_str()).collect();
        assert_eq!(names.len(), ACTIONS.len() + 1);
        assert!(told.iter().all(|message| message["timestamp"].as_str().and_then(Time::parse_rfc3339).is_some_and(|at| at < now)));
    }
}
