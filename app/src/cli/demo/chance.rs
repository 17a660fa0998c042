//! Chance that comes out the same each time: what the demo sends is a function of the clock.

/// A stream of numbers from a seed (splitmix64).
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// The seed names what is decided: a moment, a visit.
    pub fn of(seed: u64) -> Chance {
        let mut chance = Chance(seed ^ 0x6865_726d_6574_6963);
        chance.next();
        chance
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        if end == 0 { 0 } else { self.next() % end }
    }

    /// Once in `times`.
    pub fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let at = usize::try_from(self.below(from.len() as u64)).unwrap_or(0);
        &from[at]
    }

    /// Milliseconds around `typical`, mostly near it and now and then far above, as durations are.
    pub fn millis(&mut self, typical: u64) -> u64 {
        let spread = typical / 2 + self.below(typical.max(1));
        if self.once_in(20) { spread * (2 + self.below(4)) } else { spread.max(1) }
    }

    /// `digits` hexadecimal digits: ids of traces, spans, events.
    pub fn hex(&mut self, digits: usize) -> String {
        let mut text = String::new();
        while text.len() < digits {
            text.push_str(&format!("{:016x}", self.next()));
        }
        text.truncate(digits);
        text
    }
}
