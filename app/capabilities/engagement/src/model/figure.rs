//! Figures that many answers are made of: a share that knows what it is of, a median that knows of how many.

/// Kept as two whole numbers, so that nothing is lost before it is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share {
    pub part: u64,
    pub of: u64,
}

impl Share {
    pub fn new(part: u64, of: u64) -> Share {
        Share { part, of }
    }

    /// `None` of nothing: pages show “–”.
    pub fn ratio(self) -> Option<f64> {
        (self.of > 0).then(|| self.part as f64 / self.of as f64)
    }

    pub fn percent(self) -> Option<f64> {
        (self.of > 0).then(|| self.part as f64 * 100.0 / self.of as f64)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Median {
    /// Of an even number: the mean of the two in the middle, rounded down.
    pub value: i64,
    pub of: u64,
}

/// `None` of nothing.
pub fn median(values: &mut [i64]) -> Option<Median> {
    let of = values.len();
    if of == 0 {
        return None;
    }
    let (below, middle, _) = values.select_nth_unstable(of / 2);
    let upper = i128::from(*middle);
    let value = match below.iter().max() {
        Some(lower) if of.is_multiple_of(2) => (i128::from(*lower) + upper).div_euclid(2) as i64,
        _ => *middle,
    };
    Some(Median { value, of: of as u64 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_nothing_is_not_zero() {
        assert_eq!(Share::new(0, 0).percent(), None);
        assert_eq!(Share::new(0, 0).ratio(), None);
        assert_eq!(Share::new(1, 8).percent(), Some(12.5));
        assert_eq!(Share::new(6, 4).ratio(), Some(1.5));
    }

    #[test]
    fn a_median_lies_in_the_middle() {
        let of = |values: &[i64]| median(&mut values.to_vec()).map(|median| median.value);
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[7]), Some(7));
        assert_eq!(of(&[9, 1, 5]), Some(5));
        assert_eq!(of(&[10, 1, 2, 5]), Some(3), "3.5 is rounded down");
        assert_eq!(of(&[-1, -2]), Some(-2));
        assert_eq!(of(&[i64::MAX, i64::MAX]), Some(i64::MAX));
        assert_eq!(median(&mut [1, 2, 3]).unwrap().of, 3);
    }
}
