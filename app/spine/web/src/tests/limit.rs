//! Token buckets on a frozen clock.

use super::*;
use crate::{Allowance, Limiter};
use kernel::{Clock, Time};

const FIVE_A_MINUTE: Allowance = Allowance { burst: 5, per: Duration::from_secs(60) };

fn wait_of(limiter: &Limiter, key: &str) -> Option<Duration> {
    match limiter.check("sign-in", key, FIVE_A_MINUTE) {
        Ok(()) => None,
        Err(Error { kind: Kind::RateLimited(wait), .. }) => Some(wait),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn allows_the_burst_then_one_as_each_token_comes_back() {
    let clock = Clock::frozen(Time(1_000_000));
    let limiter = Limiter::new(clock.clone());
    for _ in 0..5 {
        assert_eq!(wait_of(&limiter, "a"), None);
    }
    assert_eq!(wait_of(&limiter, "a"), Some(Duration::from_secs(12)));
    assert_eq!(wait_of(&limiter, "b"), None, "another key has its own bucket");
    assert!(limiter.check("reset", "a", FIVE_A_MINUTE).is_ok(), "another bucket too");
    clock.advance(Duration::from_secs(11));
    assert_eq!(wait_of(&limiter, "a"), Some(Duration::from_secs(1)));
    clock.advance(Duration::from_secs(1));
    assert_eq!(wait_of(&limiter, "a"), None);
    assert_eq!(wait_of(&limiter, "a"), Some(Duration::from_secs(12)));
    clock.advance(Duration::from_secs(3_600));
    for _ in 0..5 {
        assert_eq!(wait_of(&limiter, "a"), None);
    }
    assert!(wait_of(&limiter, "a").is_some(), "an hour fills no more than the burst");
}

#[test]
fn says_in_a_sentence_when_to_come_back() {
    let limiter = Limiter::new(Clock::frozen(Time(0)));
    let once = Allowance { burst: 1, per: Duration::from_secs(90) };
    limiter.check("reset", "a", once).unwrap();
    let error = limiter.check("reset", "a", once).unwrap_err();
    assert_eq!(error.message(), "That was too often; please try again in 1 min 30 s.");
    limiter.forget("reset", "a");
    assert!(limiter.check("reset", "a", once).is_ok());
    assert!(limiter.check("reset", "b", Allowance { burst: 0, ..once }).is_err());
}

#[test]
fn a_clock_set_back_locks_nobody_out_for_long() {
    let clock = Clock::frozen(Time(10_000_000));
    let limiter = Limiter::new(clock.clone());
    while wait_of(&limiter, "a").is_none() {}
    clock.set(Time(0));
    assert!(wait_of(&limiter, "a").unwrap() <= Duration::from_secs(12));
}

#[test]
fn a_flood_of_keys_stays_bounded_and_frees_nobody() {
    let clock = Clock::frozen(Time(0));
    let limiter = Limiter::bounded(clock.clone(), 100);
    while wait_of(&limiter, "attacker").is_none() {}
    for number in 0..10_000 {
        assert_eq!(wait_of(&limiter, &number.to_string()), None);
        assert!(limiter.len() <= 100);
    }
    assert!(wait_of(&limiter, "attacker").is_some());
    clock.advance(Duration::from_secs(60));
    for number in 0..101 {
        assert_eq!(wait_of(&limiter, &format!("later {number}")), None);
    }
    assert!(limiter.len() <= 101 && !limiter.is_empty());
}
