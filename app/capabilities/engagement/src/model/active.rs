//! Who was active, day by day: DAU, WAU, MAU, stickiness, and the bands that people fall into. All windows trail: the last 7 or 30 days, not
//! calendar weeks or months.

use roaring::RoaringBitmap;

use super::Day;

/// Who was active on which day, oldest first; days without anybody are left out.
pub type Days = [(Day, RoaringBitmap)];

/// Of a day: who was active on it, within the 7 and the 30 days that end with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Active {
    pub day: Day,
    pub daily: u64,
    pub weekly: u64,
    pub monthly: u64,
}

/// For each day of `first..=last`. `days` must reach 29 days further back, where there is anything.
///
/// Each contact is counted on the last day on which it was active so far: how many there are in a window is then a sum of 30 numbers, where a
/// union of 30 bitmaps for each of 365 days would cost some 10,000 unions.
pub fn active(days: &Days, (first, last): (Day, Day)) -> Vec<Active> {
    let start = first.plus(-29);
    let span = usize::try_from(last.0 - start.0 + 1).unwrap_or(0);
    let highest = days.iter().filter_map(|(_, who)| who.max()).max().unwrap_or(0) as usize;
    let mut last_seen: Vec<u32> = vec![u32::MAX; highest + 1];
    // How many contacts were active last on the day of that place.
    let mut standing = vec![0_u64; span];
    let mut series = Vec::new();
    let mut upcoming = days.iter().skip_while(|(day, _)| *day < start).peekable();
    for place in 0..span {
        let day = start.plus(place as i32);
        let who = upcoming.next_if(|(known, _)| *known == day).map(|(_, who)| who);
        for contact in who.into_iter().flatten() {
            let seen = &mut last_seen[contact as usize];
            if let Some(before) = standing.get_mut(*seen as usize) {
                *before -= 1;
            }
            *seen = place as u32;
            standing[place] += 1;
        }
        if day >= first {
            let within = |days: usize| standing[(place + 1).saturating_sub(days)..=place].iter().sum();
            series.push(Active { day, daily: who.map_or(0, RoaringBitmap::len), weekly: within(7), monthly: within(30) });
        }
    }
    series
}

/// Mean DAU of the 30 days that end with the last of the series, by its MAU. `None`: nobody was there.
pub fn stickiness(series: &[Active]) -> Option<f64> {
    let last = series.last().filter(|last| last.monthly > 0)?;
    let daily: u64 = series.iter().rev().take(30).map(|active| active.daily).sum();
    Some(daily as f64 / 30.0 / last.monthly as f64)
}

/// On how many of the last `window` days each was active: at place `n` how many were on exactly `n + 1` days. The power-user curve.
pub fn days_active(days: &Days, (first, last): (Day, Day)) -> Vec<u64> {
    let length = usize::try_from(last.0 - first.0 + 1).unwrap_or(0);
    let mut curve = vec![0; length];
    for times in counts(days, (first, last)).into_iter().filter(|times| *times > 0) {
        if let Some(place) = curve.get_mut(usize::from(times) - 1) {
            *place += 1;
        }
    }
    curve
}

/// By contact number: on how many days of the window it was active.
fn counts(days: &Days, (first, last): (Day, Day)) -> Vec<u16> {
    let within = || days.iter().filter(|(day, _)| (first..=last).contains(day));
    let highest = within().filter_map(|(_, who)| who.max()).max().map_or(0, |highest| highest as usize + 1);
    let mut counts = vec![0_u16; highest];
    for (_, who) in within() {
        who.iter().for_each(|contact| counts[contact as usize] += 1);
    }
    counts
}

/// Where one band ends and the next begins, in days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Active on at least so many of the last 30 days.
    pub power: u16,
    pub active: u16,
    /// Not seen for more than so many days.
    pub at_risk: i32,
    pub dormant: i32,
}

/// How much somebody is there. Everybody who ever was is in exactly one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Band {
    Power,
    Active,
    Casual,
    AtRisk,
    Dormant,
}

impl Band {
    pub const ALL: [Band; 5] = [Band::Power, Band::Active, Band::Casual, Band::AtRisk, Band::Dormant];

    pub fn label(self) -> &'static str {
        match self {
            Band::Power => "Power",
            Band::Active => "Active",
            Band::Casual => "Casual",
            Band::AtRisk => "At risk",
            Band::Dormant => "Dormant",
        }
    }
}

/// `days_of_30`: on how many of the last 30 days; `ago`: days since the last. How long ago counts before how often.
pub fn band(days_of_30: u16, ago: i32, limits: &Limits) -> Band {
    if ago > limits.dormant {
        Band::Dormant
    } else if ago > limits.at_risk {
        Band::AtRisk
    } else if days_of_30 >= limits.power {
        Band::Power
    } else if days_of_30 >= limits.active {
        Band::Active
    } else {
        Band::Casual
    }
}

/// How many are in each band, in the order of [`Band::ALL`]. `days` must be all there are.
pub fn bands(days: &Days, today: Day, limits: &Limits) -> [u64; 5] {
    let counts = counts(days, (today.plus(-29), today));
    let mut sums = [0; 5];
    let mut seen = RoaringBitmap::new();
    for (day, who) in days.iter().rev().filter(|(day, _)| *day <= today) {
        for contact in who - &seen {
            let times = counts.get(contact as usize).copied().unwrap_or(0);
            sums[band(times, today.0 - day.0, limits) as usize] += 1;
        }
        seen |= who;
    }
    sums
}
