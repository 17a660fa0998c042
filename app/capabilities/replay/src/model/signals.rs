//! What moments say of a person's trouble. A pure function over all moments of a replay, computed anew when more of it comes.
//!
//! | signal | rule |
//! |---|---|
//! | rage | three clicks within a second and 30 px; or the SDK counted five on one thing |
//! | dead | a click on a button after which nothing changes, moves on or is fetched for 2.5 s; or the SDK waited 7 s in vain |
//! | slow | a page whose largest content took more than 4 s, or whose load did |
//! | abandoned | a form was typed into, and left without a button, and not within 2 s of the last key |
//! | u-turn | back to the page before within 10 s |

use kernel::Time;
use std::collections::BTreeSet;

use super::replay::{ACTIVITY_PARTS, Signals};
use super::{Moment, What};

/// As PostHog has it, and near what Sentry's SDK does.
const RAGE_CLICKS: usize = 3;
const RAGE_MS: i64 = 1_000;
const RAGE_PX: i32 = 30;
/// Of the SDK's own count, as Sentry's server has it.
const RAGE_COUNT: u32 = 5;
/// Clicks that go on are one rage.
const SAME_RAGE_MS: i64 = 3_000;
const DEAD_MS: i64 = 2_500;
const DEAD_SDK_MS: u32 = 7_000;
/// A breadcrumb of a click and the click itself are so near to each other.
const SAME_CLICK_MS: i64 = 150;
/// Web Vitals calls a largest paint beyond this poor.
const SLOW_MS: f64 = 4_000.0;
const U_TURN_MS: i64 = 10_000;
/// What follows the last key so soon was sent with the return key, which SDKs do not tell of fields.
const SENT_MS: i64 = 2_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Rage,
    Dead,
    Slow,
    Abandoned,
    UTurn,
}

impl Kind {
    pub const ALL: [Kind; 5] = [Kind::Rage, Kind::Dead, Kind::Slow, Kind::Abandoned, Kind::UTurn];

    pub fn label(self) -> &'static str {
        match self {
            Kind::Rage => "Rage click",
            Kind::Dead => "Dead click",
            Kind::Slow => "Slow page",
            Kind::Abandoned => "Form left unsent",
            Kind::UTurn => "U-turn",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    pub at: Time,
    pub kind: Kind,
    /// What was clicked, or which page it was; empty where nobody knows.
    pub place: String,
}

/// In the order of time. `moments` are in it, too; `finished` is the end of what was recorded.
pub fn signals(moments: &[Moment], finished: Time) -> Vec<Signal> {
    let mut all = rage(moments);
    all.extend(dead(moments, finished));
    all.extend(slow(moments));
    all.extend(abandoned(moments));
    all.extend(u_turns(moments));
    all.sort_by_key(|signal| signal.at);
    all
}

pub fn count(signals: &[Signal]) -> Signals {
    let of = |kind| u32::try_from(signals.iter().filter(|signal| signal.kind == kind).count()).unwrap_or(u32::MAX);
    Signals { rage: of(Kind::Rage), dead: of(Kind::Dead), slow: of(Kind::Slow), abandoned: of(Kind::Abandoned), u_turns: of(Kind::UTurn) }
}

fn rage(moments: &[Moment]) -> Vec<Signal> {
    let clicks: Vec<(Time, i32, i32)> = moments
        .iter()
        .filter_map(|moment| match moment.what {
            What::Click { x, y, .. } => Some((moment.at, x, y)),
            _ => None,
        })
        .collect();
    let mut found: Vec<(Time, String)> = clicks
        .windows(RAGE_CLICKS)
        .filter(|three| {
            let (first, last) = (three[0], three[RAGE_CLICKS - 1]);
            let is_near = |click: &(Time, i32, i32)| {
                click.1.saturating_sub(first.1).abs().saturating_add(click.2.saturating_sub(first.2).abs()) < RAGE_PX
            };
            last.0.0 - first.0.0 < RAGE_MS && three.iter().all(is_near)
        })
        .map(|three| (three[0].0, target_at(moments, three[0].0)))
        .collect();
    found.extend(moments.iter().filter_map(|moment| match &moment.what {
        What::MultiClick { clicks, selector, .. } | What::SlowClick { clicks, selector, .. } if *clicks >= RAGE_COUNT => {
            Some((moment.at, selector.clone()))
        }
        _ => None,
    }));
    found.sort();
    let mut last: Option<Time> = None;
    found.retain(|(at, _)| {
        let is_new = last.is_none_or(|last| at.0 - last.0 > SAME_RAGE_MS);
        last = Some(*at);
        is_new
    });
    found.into_iter().map(|(at, place)| Signal { at, kind: Kind::Rage, place }).collect()
}

/// What the SDK says was clicked at this moment.
fn target_at(moments: &[Moment], at: Time) -> String {
    near(moments, at)
        .find_map(|moment| match &moment.what {
            What::Target { selector, .. } => Some(selector.clone()),
            _ => None,
        })
        .unwrap_or_default()
}

/// Moments about this time.
fn near(moments: &[Moment], at: Time) -> impl Iterator<Item = &Moment> {
    let first = moments.partition_point(|moment| moment.at.0 < at.0 - SAME_CLICK_MS);
    moments[first..].iter().take_while(move |moment| moment.at.0 <= at.0 + SAME_CLICK_MS)
}

fn dead(moments: &[Moment], finished: Time) -> Vec<Signal> {
    let mut found: Vec<(Time, i64, String)> = Vec::new();
    for (index, moment) in moments.iter().enumerate() {
        match &moment.what {
            // A link may open another tab, a mail or a file, and nothing here says so; the SDK knows and leaves those out.
            What::Target { node, selector, tag, acts: true }
                if tag != "a" && finished.0 - moment.at.0 >= DEAD_MS && !is_answered(moments, index) =>
            {
                found.push((moment.at, *node, selector.clone()));
            }
            What::SlowClick { node, selector, ms, timeout: true, .. } if *ms >= DEAD_SDK_MS => {
                found.push((moment.at, *node, selector.clone()))
            }
            _ => {}
        }
    }
    found.sort();
    let mut last: Option<(Time, i64)> = None;
    found.retain(|(at, node, _)| {
        let is_new = last.is_none_or(|(before, same)| same != *node || at.0 - before.0 > DEAD_MS);
        last = Some((*at, *node));
        is_new
    });
    found.into_iter().map(|(at, _, place)| Signal { at, kind: Kind::Dead, place }).collect()
}

/// Whether something followed the click: the page changed or moved, another came, something was fetched or typed.
fn is_answered(moments: &[Moment], index: usize) -> bool {
    let at = moments[index].at;
    let from = moments.partition_point(|moment| moment.at.0 < at.0 - SAME_CLICK_MS);
    moments[from..].iter().take_while(|moment| moment.at.0 <= at.0 + DEAD_MS).any(|moment| match moment.what {
        What::Mutation | What::Page { .. } | What::Navigation { .. } | What::Network { .. } | What::Scroll | What::Input { .. } => {
            moment.at >= at
        }
        _ => false,
    })
}

fn slow(moments: &[Moment]) -> Vec<Signal> {
    let (mut found, mut page, mut is_told) = (Vec::new(), String::new(), false);
    for moment in moments {
        let is_slow = match &moment.what {
            What::Page { href } => {
                // A span of the page's load comes before the page itself, by its time.
                is_told = is_told && page == *href;
                page.clone_from(href);
                false
            }
            What::Navigation { to, ms, .. } if *ms > 0 => {
                (page, is_told) = (to.clone(), false);
                f64::from(*ms) > SLOW_MS
            }
            What::Vital { name, value, .. } => name == "LCP" && *value > SLOW_MS,
            _ => false,
        };
        if is_slow && !is_told {
            is_told = true;
            found.push(Signal { at: moment.at, kind: Kind::Slow, place: page.clone() });
        }
    }
    found
}

/// What is known of the form on the page that is shown.
#[derive(Default)]
struct Form {
    page: String,
    focused: BTreeSet<i64>,
    /// When it was last typed into; `None`: not at all, or it was sent.
    typed_at: Option<Time>,
    /// A link was clicked since: what comes is its page, and no answer to the form.
    is_leaving: bool,
}

impl Form {
    fn is_sent_at(&self, at: Time) -> bool {
        self.typed_at.is_some_and(|typed| !self.is_leaving && at.0.saturating_sub(typed.0) <= SENT_MS)
    }

    /// The page is left at this time: what was typed and not sent is lost with it.
    fn leave(&mut self, at: Time, to: &str) -> Option<Signal> {
        let is_sent = self.is_sent_at(at);
        let left = self.page.clone();
        self.page = to.to_owned();
        self.is_leaving = false;
        self.typed_at.take().filter(|_| !is_sent).map(|at| Signal { at, kind: Kind::Abandoned, place: left })
    }
}

fn abandoned(moments: &[Moment]) -> Vec<Signal> {
    let (fields, mut found, mut form, mut document) = (fields(moments), Vec::new(), Form::default(), 0);
    for moment in moments {
        match &moment.what {
            What::Focus { node } | What::Click { node, .. } => drop(form.focused.insert(*node)),
            // Programs fill in fields, too: what nobody went to was not typed.
            What::Input { node } if form.focused.contains(node) => (form.typed_at, form.is_leaving) = (Some(moment.at), false),
            What::Submit => form.typed_at = None,
            What::Target { tag, acts: true, .. } if tag == "a" => form.is_leaving = true,
            What::Target { acts: true, .. } => form.typed_at = None,
            // Its type is not told: what was never typed into is a button.
            What::Target { tag, node, .. } if tag == "input" && !fields.contains(&(document, *node)) => form.typed_at = None,
            What::Network { method, .. } if !method.eq_ignore_ascii_case("get") && form.is_sent_at(moment.at) => form.typed_at = None,
            What::Page { href } => {
                document += 1;
                if path_of(href) != path_of(&form.page) || form.page.is_empty() {
                    found.extend(form.leave(moment.at, href));
                    form.focused.clear();
                }
            }
            What::Navigation { to, ms: 0, .. } if path_of(to) != path_of(&form.page) => found.extend(form.leave(moment.at, to)),
            // The load of the next page begins when this one is left, and is told before the page itself comes.
            What::Navigation { .. } if form.is_sent_at(moment.at) => form.typed_at = None,
            _ => {}
        }
    }
    found.extend(form.typed_at.map(|at| Signal { at, kind: Kind::Abandoned, place: form.page }));
    found
}

/// What was typed into, by the page: a node's number is its own there only.
fn fields(moments: &[Moment]) -> BTreeSet<(usize, i64)> {
    let (mut all, mut document) = (BTreeSet::new(), 0);
    for moment in moments {
        match moment.what {
            What::Page { .. } => document += 1,
            What::Input { node } => drop(all.insert((document, node))),
            _ => {}
        }
    }
    all
}

fn u_turns(moments: &[Moment]) -> Vec<Signal> {
    let mut found = Vec::new();
    // The page before, the one that is shown, and when it came.
    let (mut before, mut page, mut came): (String, String, Time) = Default::default();
    for moment in moments {
        let (What::Page { href: to } | What::Navigation { to, .. }) = &moment.what else { continue };
        let to = path_of(to);
        if to.is_empty() || to == page {
            continue;
        }
        if to == before && moment.at.0 - came.0 <= U_TURN_MS {
            found.push(Signal { at: moment.at, kind: Kind::UTurn, place: page.clone() });
        }
        before = std::mem::replace(&mut page, to.to_owned());
        came = moment.at;
    }
    found
}

/// Path and query: breadcrumbs name an address without its host.
fn path_of(url: &str) -> &str {
    let rest = match url.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => url,
    };
    rest.split('#').next().unwrap_or_default()
}

/// How much went on in each of [`ACTIVITY_PARTS`] equal parts, 0–255 of the busiest.
pub fn activity(moments: &[Moment], started: Time, finished: Time) -> Vec<u8> {
    let length = (finished.0 - started.0).max(1);
    let mut sums = [0_u64; ACTIVITY_PARTS];
    for moment in moments {
        let weight = match moment.what {
            What::Activity { count } => u64::from(count),
            What::Click { .. } | What::Page { .. } => 10,
            What::Input { .. } | What::Navigation { .. } => 5,
            _ => 0,
        };
        let place =
            (i128::from(moment.at.0 - started.0) * ACTIVITY_PARTS as i128 / i128::from(length)).clamp(0, ACTIVITY_PARTS as i128 - 1);
        sums[place as usize] += weight;
    }
    let most = sums.iter().copied().max().unwrap_or(0);
    if most == 0 {
        return vec![0; ACTIVITY_PARTS];
    }
    // What went on at all is seen.
    sums.iter().map(|sum| (sum * 255).div_ceil(most).min(255) as u8).collect()
}

#[cfg(test)]
mod tests;
