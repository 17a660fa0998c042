//! Ninety days as a list: equal neighbours are one item, so that a page is small and an ear hears "12 August to 9 November:
//! operational" instead of ninety words. Shapes differ as well as colours.

use super::Place;
use crate::model::{ComponentView, Condition, Day};
use frontend::View;
use leptos::prelude::*;
use std::collections::BTreeSet;

/// Neighbouring days that can be told together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run<'a> {
    pub days: &'a [Day],
}

pub fn runs(days: &[Day]) -> Vec<Run<'_>> {
    days.chunk_by(|one, next| one.is_plain() && next.is_plain() && one.condition() == next.condition()).map(|days| Run { days }).collect()
}

pub fn lengths(days: &[Day]) -> BTreeSet<usize> {
    runs(days).iter().map(|run| run.days.len()).collect()
}

pub fn view(place: Place<'_>, component: &ComponentView) -> View {
    let texts = place.language.texts();
    let label = format!("{}: {}", component.name, texts.last_90_days);
    let items = runs(&component.days).into_iter().filter_map(|run| {
        let (first, last) = (run.days.first()?, run.days.last()?);
        let kind = kind(first.condition());
        let class = format!("{kind} n{}", run.days.len());
        let dates = match run.days.len() {
            1 => place.language.short_date(first.date),
            _ => format!("{} – {}", place.language.short_date(first.date), place.language.short_date(last.date)),
        };
        let text = format!("{dates}: {}", told(place, first));
        Some(view! { <li class=class><span>{text}</span></li> })
    });
    let items = items.collect_view();
    view! { <ol class="bars" aria-label=label>{items}</ol> }.into_any()
}

fn kind(condition: Condition) -> &'static str {
    match condition {
        Condition::Operational => "o",
        Condition::Degraded => "d",
        Condition::Down => "x",
        Condition::Maintenance => "m",
        Condition::NoData => "z",
    }
}

/// `Outage 23 min, no data 2 h`; a plain day says only its word.
fn told(place: Place<'_>, day: &Day) -> String {
    if day.is_plain() {
        return place.language.condition(day.condition()).to_owned();
    }
    let shares = [
        (Condition::Down, day.down),
        (Condition::Degraded, day.degraded),
        (Condition::Maintenance, day.maintenance),
        (Condition::NoData, day.no_data),
    ];
    let good =
        (day.up > 0 && day.condition() == Condition::Operational).then(|| place.language.condition(Condition::Operational).to_owned());
    let told = shares
        .iter()
        .filter(|(_, millis)| *millis > 0)
        .map(|(condition, millis)| format!("{} {}", place.language.condition(*condition), place.language.span(*millis)));
    good.into_iter().chain(told).collect::<Vec<_>>().join(", ")
}
