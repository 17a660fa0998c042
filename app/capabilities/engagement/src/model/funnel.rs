//! How many get from the first step to the last, in order, within a window that begins with the first.

use kernel::Time;
use roaring::RoaringBitmap;
use std::collections::HashMap;
use std::time::Duration;

use super::paged::Paged;
use super::{Median, Share, median};

#[derive(Debug, Clone, Copy)]
pub struct FunnelOptions {
    pub steps: usize,
    /// The last step counts until this long after the first, and at that very moment.
    pub window: Duration,
    /// The first step is taken before this; the others may be taken later. So what is told reaches one window further.
    pub begins_before: Time,
    /// Of the actions that are steps, none lies in between.
    pub is_strict: bool,
}

/// Steps that one action may be: more than a page can draw.
pub const MOST_STEPS: usize = 32;

/// Is told actions from the oldest on.
#[derive(Debug)]
pub struct Funnel {
    options: FunnelOptions,
    /// Which of `journeys` is a contact's, and 1.
    places: Paged<u32>,
    journeys: Vec<Journey>,
}

#[derive(Debug)]
struct Journey {
    contact: u32,
    /// By step: when the latest run that came this far began. Later is better, for it leaves more of the window.
    began: Vec<Option<i64>>,
    /// By step: how long after the beginning it was reached when it was for the first time.
    took: Vec<i64>,
}

impl Funnel {
    pub fn new(options: FunnelOptions) -> Funnel {
        let options = FunnelOptions { steps: options.steps.min(MOST_STEPS), ..options };
        Funnel { options, places: Paged::new(0), journeys: Vec::new() }
    }

    /// `steps`: a bit for each step that the action is, the first lowest.
    pub fn take(&mut self, at: Time, contact: u32, steps: u32) {
        let place = self.places.get(contact);
        if place > 0 {
            return self.journeys[place as usize - 1].take(at.0, steps, &self.options);
        }
        // Nobody's way begins in the midst of it.
        if steps & 1 == 0 || at >= self.options.begins_before || self.options.steps == 0 {
            return;
        }
        let mut journey = Journey { contact, began: vec![None; self.options.steps], took: Vec::new() };
        journey.take(at.0, steps, &self.options);
        self.journeys.push(journey);
        self.places.set(contact, self.journeys.len() as u32);
    }

    pub fn end(self) -> Journeys {
        Journeys { steps: self.options.steps, journeys: self.journeys }
    }
}

impl Journey {
    /// From the last step to the first, so that one action is never two steps of a way.
    fn take(&mut self, at: i64, steps: u32, options: &FunnelOptions) {
        let window = i64::try_from(options.window.as_millis()).unwrap_or(i64::MAX);
        for step in (0..options.steps).rev() {
            let is_step = steps >> step & 1 == 1;
            let began = match step {
                _ if !is_step => None,
                0 => (at < options.begins_before.0).then_some(at),
                _ => self.began[step - 1].filter(|began| at.saturating_sub(*began) <= window),
            };
            if let Some(began) = began
                && step == self.took.len()
            {
                self.took.push(at.saturating_sub(began));
            }
            if began.is_some() || options.is_strict && steps > 0 {
                self.began[step] = began;
            }
        }
    }
}

/// How far each contact came who took the first step.
#[derive(Debug)]
pub struct Journeys {
    steps: usize,
    journeys: Vec<Journey>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reached {
    pub people: u64,
    pub of_first: Share,
    /// Of the first step: of itself.
    pub of_previous: Share,
    /// Since the first step, when this one was reached for the first time.
    pub took_ms: Option<Median>,
}

impl Journeys {
    pub fn reached(&self) -> Vec<Reached> {
        reached(self.steps, &self.journeys.iter().collect::<Vec<_>>())
    }

    /// By the key of each contact; under `None` those who have none. Most people first.
    pub fn by_key(&self, keys: &HashMap<u32, u32>) -> Vec<(Option<u32>, Vec<Reached>)> {
        let mut grouped: HashMap<Option<u32>, Vec<&Journey>> = HashMap::new();
        for journey in &self.journeys {
            grouped.entry(keys.get(&journey.contact).copied()).or_default().push(journey);
        }
        let mut sorted: Vec<_> = grouped.into_iter().collect();
        sorted.sort_unstable_by_key(|(key, journeys)| (std::cmp::Reverse(journeys.len()), *key));
        sorted.into_iter().map(|(key, journeys)| (key, reached(self.steps, &journeys))).collect()
    }

    /// Whoever came as far as this step, from 0, and not to the next: to be looked at, or written to.
    pub fn stopped_at(&self, step: usize) -> RoaringBitmap {
        self.journeys.iter().filter(|journey| journey.took.len() == step + 1).map(|journey| journey.contact).collect()
    }
}

fn reached(steps: usize, journeys: &[&Journey]) -> Vec<Reached> {
    let first = journeys.len() as u64;
    let mut previous = first;
    let mut answers = Vec::with_capacity(steps);
    for step in 0..steps {
        let mut took: Vec<i64> = journeys.iter().filter_map(|journey| journey.took.get(step).copied()).collect();
        let people = took.len() as u64;
        answers.push(Reached {
            people,
            of_first: Share::new(people, first),
            of_previous: Share::new(people, previous),
            took_ms: median(&mut took),
        });
        previous = people;
    }
    answers
}

#[cfg(test)]
mod tests;
