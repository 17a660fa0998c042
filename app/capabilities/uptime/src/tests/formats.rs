//! Histograms and blocks keep what they were given.

use kernel::Time;
use proptest::prelude::*;

use crate::model::block;
use crate::model::check::{Phases, Reason, Sample, Verdict};
use crate::model::histogram::Histogram;
use crate::model::varint;

fn histogram(values: &[u64]) -> Histogram {
    let mut histogram = Histogram::default();
    values.iter().for_each(|value| histogram.add(*value));
    histogram
}

fn sample() -> impl Strategy<Value = Sample> {
    let part = || proptest::option::of(0..60_000_000u32);
    let parts = [part(), part(), part(), part(), part(), part()];
    (0..3_600_000i64, 0..4u8, 0..Reason::ALL.len() + 1, any::<u16>(), parts, any::<u32>(), 0..3i64).prop_map(
        |(at, verdict, reason, code, parts, total, vantage)| Sample {
            at: Time(1_700_000_000_000 + at),
            vantage,
            verdict: Verdict::from_number(verdict).unwrap(),
            reason: Reason::ALL.get(reason).copied(),
            code,
            phases: Phases::from_parts(parts, total),
        },
    )
}

proptest! {
    #[test]
    fn a_percentile_is_within_two_percent(mut values in proptest::collection::vec(1..600_000_000u64, 1..300), fraction in 0.0..=1.0f64) {
        let found = histogram(&values).quantile(fraction).unwrap();
        values.sort_unstable();
        let rank = (fraction * (values.len() - 1) as f64).floor() as usize;
        let exact = values[rank] as f64;
        prop_assert!((found - exact).abs() <= exact * 0.020_001, "{found} for {exact}");
    }

    #[test]
    fn merging_is_associative_and_does_not_depend_on_order(
        a in proptest::collection::vec(0..u64::MAX, 0..50),
        b in proptest::collection::vec(0..10_000_000u64, 0..50),
        c in proptest::collection::vec(0..10_000_000u64, 0..50),
    ) {
        let (a, b, c) = (histogram(&a), histogram(&b), histogram(&c));
        let merged = |x: &Histogram, y: &Histogram| { let mut sum = x.clone(); sum.merge(y); sum };
        prop_assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
        prop_assert_eq!(merged(&a, &b), merged(&b, &a));
        let sum = merged(&a, &b);
        prop_assert_eq!(sum.count(), a.count() + b.count());
        prop_assert_eq!(Histogram::decode(&sum.encode()), Some(sum));
    }

    #[test]
    fn an_hour_of_checks_comes_back_as_it_was(mut samples in proptest::collection::vec(sample(), 0..200)) {
        samples.sort_by_key(|sample| sample.at);
        prop_assert_eq!(block::decode(&block::encode(&samples).unwrap()).unwrap(), samples);
    }

    #[test]
    fn damaged_bytes_are_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = block::decode(&bytes);
        let _ = Histogram::decode(&bytes);
    }

    #[test]
    fn numbers_survive_their_short_form(value in any::<u64>(), signed in any::<i64>()) {
        let mut out = Vec::new();
        varint::put(&mut out, value);
        varint::put_signed(&mut out, signed);
        let mut bytes = &out[..];
        prop_assert_eq!(varint::take(&mut bytes), Some(value));
        prop_assert_eq!(varint::take_signed(&mut bytes), Some(signed));
        prop_assert!(bytes.is_empty());
    }
}

#[test]
fn a_steady_hour_takes_few_bytes() {
    let samples: Vec<Sample> = (0..180)
        .map(|turn| Sample {
            at: Time(1_700_000_000_000 + turn * 20_000 + turn % 3),
            vantage: 0,
            verdict: Verdict::Ok,
            reason: None,
            code: 200,
            phases: Phases::from_parts(
                [Some(300), Some(900), Some(4_000), Some(20), Some(12_000 + turn as u32), Some(80)],
                17_300 + turn as u32,
            ),
        })
        .collect();
    let size = block::encode(&samples).unwrap().len();
    assert!(size < 180 * 5, "{size} bytes for 180 checks");
}

#[test]
fn every_reason_has_its_own_number_and_code() {
    for reason in Reason::ALL {
        assert_eq!(Reason::from_number(reason.number()), Some(*reason));
        assert_eq!(Reason::from_code(reason.code()), Some(*reason));
        assert_eq!(serde_json::to_value(reason).unwrap(), reason.code());
    }
}
