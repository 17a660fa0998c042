//! A year of a small product: made-up actions, the same on every run. Contacts are as busy as a Zipf law has them, names as common; most days
//! have more than the day before, weekends fewer.

use std::fmt::Write as _;

pub const CONTACTS: u64 = 41_810;
pub const NAMES: u64 = 40;
pub const DAYS: i64 = 365;

/// One action: when it happened (milliseconds since 1970), who, what.
#[derive(Clone, Copy)]
pub struct Action {
    pub number: u64,
    pub at: i64,
    pub contact: u64,
    pub name: u64,
}

/// SplitMix64 (public domain, Steele et al. 2014): one number for each place, in any order.
fn mixed(seed: u64) -> u64 {
    let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// 0..1.
fn part(seed: u64) -> f64 {
    (mixed(seed) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Ranks by a law between Zipf's and an even one: a few are very busy, everybody is there.
fn ranked(part: f64, count: u64) -> u64 {
    (((count as f64 + 1.0).powf(part.powf(1.3)) - 1.0) as u64).min(count - 1)
}

/// Actions come in the order of time, as they would have over the year that ends at `end`.
pub fn action(number: u64, all: u64, end: i64) -> Action {
    let seed = number * 4;
    // Growth: the square root puts a quarter of the actions into the first half of the year.
    let through = ((number as f64 + part(seed)) / all as f64).sqrt();
    let at = end - DAYS * 86_400_000 + (through * (DAYS * 86_400_000) as f64) as i64 - 1;
    Action { number, at, contact: ranked(part(seed + 1), CONTACTS), name: ranked(part(seed + 2), NAMES) }
}

/// As Segment's libraries send it, with some 106 bytes of properties. Without the time of sending: what is asked of the peer is then exactly the same.
pub fn write(action: &Action, body: &mut String) {
    let Action { number, at, contact, name } = *action;
    let plan = ["free", "starter", "pro", "enterprise"][(mixed(contact) % 4) as usize];
    let country = ["DE", "FR", "US", "GB", "NL", "SE", "IN", "BR"][(mixed(contact + 7) % 8) as usize];
    let at = kernel::Time(at).rfc3339_millis();
    let _ = write!(
        body,
        "{{\"type\":\"track\",\"messageId\":\"node-next-{number:016}\",\"userId\":\"u_{contact}\",\"event\":\"Feature {name}\",\"timestamp\":\"{at}\",\
         \"properties\":{{\"plan\":\"{plan}\",\"country\":\"{country}\",\"path\":\"/app/feature/{name}\",\"amount\":{},\
         \"browser\":\"Chrome 156\",\"os\":\"Linux\"}},\"context\":{{\"library\":{{\"name\":\"@segment/analytics-node\",\"version\":\"3.1.0\"}}}}}}",
        1_000 + mixed(number) % 9_000
    );
}
