//! Reading a segment as SDKs record it: one pass, event by event, that builds nothing of the pages in it.
//!
//! Times of most events are milliseconds, those of `performanceSpan` seconds, and events lie in no order: spans are added when the SDK
//! sends. So each time is normalised, and what lies in it is sorted by whoever needs an order.

mod custom;

use kernel::Time;
use serde::Deserialize;
use serde::de::{Deserializer as _, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

use super::moment::{LONGEST, Moment, What};

/// Moments kept of one segment.
const MOST: usize = 4_000;
/// Changes of a page that are told apart.
const MUTATIONS: i64 = 250;
const SCROLLS: i64 = 1_000;
const INPUTS: i64 = 1_000;
/// Movements are added up over so many milliseconds.
const ACTIVITY: i64 = 5_000;

/// One event, looked at but not into.
#[derive(Debug, Clone, Copy)]
pub struct RecordedEvent<'a> {
    pub kind: u8,
    pub at: Time,
    /// JSON.
    pub data: &'a str,
}

#[derive(Deserialize)]
struct RawEvent<'a> {
    #[serde(rename = "type")]
    kind: u8,
    timestamp: f64,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

/// Kinds of events, as rrweb numbers them.
pub const SNAPSHOT: u8 = 2;
pub const INCREMENTAL: u8 = 3;
pub const META: u8 = 4;
pub const CUSTOM: u8 = 5;

/// Before 2001 or after 2096: no clock of a browser, and no time to count a recording by.
fn is_plausible(at: Time) -> bool {
    (1_000_000_000_000..4_000_000_000_000).contains(&at.0)
}

/// Seconds or milliseconds, to milliseconds.
pub fn time_of(timestamp: f64) -> Time {
    let millis = if timestamp.abs() < 1e11 { timestamp * 1_000.0 } else { timestamp };
    Time(millis.round() as i64)
}

/// Walks the events of a segment's JSON. What is no event is passed over; an error says where the list ends to be one.
pub fn each_event<'a>(json: &'a str, each: &mut dyn FnMut(RecordedEvent<'a>)) -> Result<(), serde_json::Error> {
    struct List<'e, 'a>(&'e mut dyn FnMut(RecordedEvent<'a>));
    impl<'de: 'a, 'a> Visitor<'de> for List<'_, 'a> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of events")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
            while let Some(raw) = list.next_element::<&'de RawValue>()? {
                if let Some(event) = event_of(raw.get()) {
                    (self.0)(event);
                }
            }
            Ok(())
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(json);
    deserializer.deserialize_seq(List(each))?;
    deserializer.end()
}

fn event_of(raw: &str) -> Option<RecordedEvent<'_>> {
    let event: RawEvent<'_> = serde_json::from_str(raw).ok()?;
    Some(RecordedEvent { kind: event.kind, at: time_of(event.timestamp), data: event.data.map_or("{}", RawValue::get) })
}

/// What a segment holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Content {
    /// Of what is played; `None` where nothing is.
    pub span: Option<(Time, Time)>,
    /// Of what the SDK added. A tab that is left sends a segment of nothing but that; the server's clock would put it elsewhere.
    pub told: Option<(Time, Time)>,
    pub events: u64,
    pub has_snapshot: bool,
    /// The address that its first page names.
    pub page: String,
    /// Sorted by time.
    pub moments: Vec<Moment>,
}

pub fn content(json: &str) -> Result<Content, serde_json::Error> {
    let mut reader = Reader::default();
    each_event(json, &mut |event| reader.take(event))?;
    let mut content = reader.content;
    content.moments.extend(reader.movement.take().map(|(at, count)| Moment { at, what: What::Activity { count } }));
    content.moments.sort_by_key(|moment| moment.at);
    Ok(content)
}

#[derive(Default)]
struct Reader {
    content: Content,
    /// The last change that was kept, and whether something was clicked since: what a click changes is never thinned out.
    mutated_at: Option<Time>,
    clicked_at: Option<Time>,
    scrolled_at: Option<Time>,
    typed: Option<(i64, Time)>,
    has_memory: bool,
    movement: Option<(Time, u32)>,
}

#[derive(Deserialize)]
struct Incremental {
    source: u8,
    #[serde(rename = "type", default)]
    kind: Option<f64>,
    #[serde(default)]
    id: Option<f64>,
    #[serde(default)]
    x: Option<f64>,
    #[serde(default)]
    y: Option<f64>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(default)]
    href: String,
}

impl Reader {
    fn take(&mut self, event: RecordedEvent<'_>) {
        self.content.events += 1;
        // Whatever it says happened at no time that a browser knows.
        let is_plausible = is_plausible(event.at);
        if event.kind != CUSTOM && !is_plausible {
            return;
        }
        let span = if event.kind == CUSTOM { &mut self.content.told } else { &mut self.content.span };
        if is_plausible {
            let (from, to) = span.unwrap_or((event.at, event.at));
            *span = Some((from.min(event.at), to.max(event.at)));
        }
        match event.kind {
            SNAPSHOT => self.content.has_snapshot = true,
            META => self.page(&event),
            INCREMENTAL => self.incremental(&event),
            CUSTOM => {
                let Some(moment) = custom::moment(event.data, event.at) else { return };
                let is_again = matches!(moment.what, What::Memory { .. }) && std::mem::replace(&mut self.has_memory, true);
                if !is_again {
                    self.keep(moment.at, moment.what);
                }
            }
            _ => {}
        }
    }

    fn keep(&mut self, at: Time, what: What) {
        if self.content.moments.len() < MOST && is_plausible(at) {
            self.content.moments.push(Moment { at, what });
        }
    }

    fn page(&mut self, event: &RecordedEvent<'_>) {
        let href = serde_json::from_str::<Meta>(event.data).map(|meta| cut(&meta.href)).unwrap_or_default();
        if self.content.page.is_empty() {
            self.content.page.clone_from(&href);
        }
        self.keep(event.at, What::Page { href });
    }

    fn incremental(&mut self, event: &RecordedEvent<'_>) {
        let Ok(data) = serde_json::from_str::<Incremental>(event.data) else { return };
        let at = event.at;
        let node = data.id.map_or(0, |id| id as i64);
        match data.source {
            0 | 8 | 13 | 15 => {
                let is_due =
                    self.mutated_at.is_none_or(|last| at.0 - last.0 >= MUTATIONS || self.clicked_at.is_some_and(|click| click >= last));
                if is_due {
                    self.mutated_at = Some(at);
                    self.keep(at, What::Mutation);
                }
            }
            1 | 6 => self.moved(at, 1),
            2 => self.interaction(at, data.kind, node, (data.x, data.y)),
            3 => {
                self.moved(at, 1);
                if self.scrolled_at.is_none_or(|last| at.0 - last.0 >= SCROLLS) {
                    self.scrolled_at = Some(at);
                    self.keep(at, What::Scroll);
                }
            }
            5 => {
                self.moved(at, 1);
                if self.typed.is_none_or(|(last, when)| last != node || at.0 - when.0 >= INPUTS) {
                    self.typed = Some((node, at));
                    self.keep(at, What::Input { node });
                }
            }
            _ => {}
        }
    }

    fn interaction(&mut self, at: Time, kind: Option<f64>, node: i64, place: (Option<f64>, Option<f64>)) {
        match kind.map(|kind| kind as i64) {
            Some(2) => {
                self.clicked_at = Some(at);
                self.moved(at, 3);
                let (x, y) = (place.0.unwrap_or_default() as i32, place.1.unwrap_or_default() as i32);
                self.keep(at, What::Click { x, y, node });
            }
            Some(5) => self.keep(at, What::Focus { node }),
            Some(7) => self.moved(at, 1),
            _ => {}
        }
    }

    /// Added up, and kept once another five seconds begin.
    fn moved(&mut self, at: Time, count: u32) {
        let start = Time(at.0.div_euclid(ACTIVITY) * ACTIVITY);
        match &mut self.movement {
            Some((known, sum)) if *known == start => *sum += count,
            _ => {
                if let Some((before, sum)) = self.movement.replace((start, count)) {
                    self.keep(before, What::Activity { count: sum });
                }
            }
        }
    }
}

/// To the length that is kept.
fn cut(text: &str) -> String {
    kernel::text::shorten(text, LONGEST)
}

#[cfg(test)]
mod tests;
