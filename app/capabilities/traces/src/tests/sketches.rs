//! Sketches keep their promise: within 2 %, merged exactly, in any order.

use proptest::prelude::*;

use crate::model::sketch::{ALPHA, Sketch, float};

fn sketch(values: &[u64]) -> Sketch {
    let mut sketch = Sketch::default();
    values.iter().for_each(|value| sketch.add(*value));
    sketch
}

/// Nearest rank, on the values themselves.
fn true_quantile(values: &[u64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank of a short list")]
    let rank = (q * float(sorted.len() as u64)).ceil().max(1.0) as usize;
    float(sorted[rank - 1])
}

fn durations() -> impl Strategy<Value = Vec<u64>> {
    let value = prop_oneof![0_u64..50, 1_000_u64..500_000, 1_u64..10_000_000_000_000];
    prop::collection::vec(value, 1..400)
}

proptest! {
    #[test]
    fn a_quantile_is_within_two_percent_of_the_true_one(values in durations(), q in 0.0_f64..=1.0) {
        let (wanted, got) = (true_quantile(&values, q), sketch(&values).quantile(q).unwrap());
        prop_assert!((got - wanted).abs() <= wanted * ALPHA + 1e-9, "{got} for {wanted}");
    }

    #[test]
    fn merging_is_adding_in_any_order(one in durations(), other in durations()) {
        let all = sketch(&[one.clone(), other.clone()].concat());
        let (mut left, mut right) = (sketch(&one), sketch(&other));
        left.merge(&sketch(&other));
        right.merge(&sketch(&one));
        prop_assert_eq!(&left, &all);
        prop_assert_eq!(&right, &all);
    }

    #[test]
    fn what_is_stored_is_read_back_and_adds_up(one in durations(), other in durations()) {
        let (first, second) = (sketch(&one), sketch(&other));
        prop_assert_eq!(&Sketch::decode(&first.encode()), &first);
        let mut sum = Sketch::decode(&first.encode());
        sum.add_encoded(&second.encode());
        prop_assert_eq!(sum, sketch(&[one, other].concat()));
    }

    #[test]
    fn damaged_bytes_break_nothing(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let sketch = Sketch::decode(&bytes);
        let _ = (sketch.quantile(0.95), sketch.bars(), sketch.count());
    }
}

#[test]
fn a_thousand_durations_take_a_few_hundred_bytes() {
    let values: Vec<u64> = (1..=1_000_u64).map(|step| step * step * 37).collect();
    assert!(sketch(&values).encode().len() < 450, "{}", sketch(&values).encode().len());
    assert_eq!(sketch(&[]).quantile(0.5), None);
    assert_eq!(sketch(&[0, 0, 0]).quantile(0.99), Some(0.0));
}

#[test]
fn the_bars_hold_every_value_between_their_edges() {
    let bars = sketch(&[0, 1, 1_000, 1_001, 5_000_000]).bars();
    assert_eq!(bars.iter().map(|(_, _, count)| count).sum::<u64>(), 5);
    assert!(bars.iter().skip(1).any(|(low, high, _)| *low < 1_000.0 && *high >= 1_000.0));
}
