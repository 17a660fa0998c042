use super::*;

fn options(steps: usize) -> FunnelOptions {
    FunnelOptions { steps, window: Duration::from_millis(100), begins_before: Time(1_000), is_strict: false }
}

/// People by step; each action is (when, who, bits).
fn people(options: FunnelOptions, actions: &[(i64, u32, u32)]) -> Vec<u64> {
    journeys(options, actions).reached().iter().map(|reached| reached.people).collect()
}

fn journeys(options: FunnelOptions, actions: &[(i64, u32, u32)]) -> Journeys {
    let mut funnel = Funnel::new(options);
    actions.iter().for_each(|(at, contact, steps)| funnel.take(Time(*at), *contact, *steps));
    funnel.end()
}

const A: u32 = 0b001;
const B: u32 = 0b010;
const C: u32 = 0b100;

#[test]
fn steps_count_in_their_order() {
    assert_eq!(people(options(3), &[(1, 1, A), (2, 1, B), (3, 1, C), (1, 2, B), (2, 2, A), (3, 2, C)]), [2, 1, 1]);
}

#[test]
fn the_window_begins_with_the_first_step_and_ends_with_its_last_moment() {
    assert_eq!(people(options(3), &[(0, 1, A), (60, 1, B), (100, 1, C)]), [1, 1, 1]);
    assert_eq!(people(options(3), &[(0, 1, A), (60, 1, B), (101, 1, C)]), [1, 1, 0], "it does not begin anew with the second");
}

#[test]
fn a_later_first_step_opens_the_window_again() {
    assert_eq!(people(options(3), &[(0, 1, A), (90, 1, A), (150, 1, B), (190, 1, C)]), [1, 1, 1]);
    // The second step belonged to the first run: the later beginning has none of its own.
    assert_eq!(people(options(3), &[(0, 1, A), (10, 1, B), (90, 1, A), (101, 1, C)]), [1, 1, 0]);
}

#[test]
fn a_run_that_came_far_is_not_lost_by_beginning_again() {
    assert_eq!(people(options(3), &[(0, 1, A), (10, 1, B), (20, 1, A), (30, 1, C)]), [1, 1, 1]);
}

#[test]
fn a_step_that_is_asked_for_twice_needs_two_actions() {
    let both = A | B;
    assert_eq!(people(options(2), &[(1, 1, both)]), [1, 0]);
    assert_eq!(people(options(2), &[(1, 1, both), (1, 1, both)]), [1, 1]);
    assert_eq!(people(options(3), &[(1, 1, A | B | C), (2, 1, A | B | C)]), [1, 1, 0]);
}

#[test]
fn only_first_steps_before_the_end_begin_anything() {
    assert_eq!(people(options(2), &[(999, 1, A), (1_050, 1, B), (1_000, 2, A), (1_001, 2, B)]), [1, 1]);
    assert_eq!(people(options(2), &[(950, 1, A), (1_020, 1, A), (1_080, 1, B)]), [1, 0]);
    assert_eq!(journeys(options(1), &[(1, 1, A), (1_000, 2, A)]).reached()[0].of_first, Share::new(1, 1));
}

#[test]
fn strictly_nothing_lies_in_between() {
    let strict = |steps| FunnelOptions { is_strict: true, ..options(steps) };
    assert_eq!(people(strict(3), &[(1, 1, A), (2, 1, B), (3, 1, C)]), [1, 1, 1]);
    assert_eq!(people(strict(3), &[(1, 1, A), (2, 1, C), (3, 1, B)]), [1, 0, 0]);
    assert_eq!(people(strict(3), &[(1, 1, A), (2, 1, B), (3, 1, B), (4, 1, C)]), [1, 1, 0]);
    assert_eq!(people(strict(2), &[(1, 1, A), (2, 1, A), (3, 1, B)]), [1, 1], "the second beginning has its step next");
    assert_eq!(people(strict(2), &[(1, 1, A), (2, 1, 0), (3, 1, B)]), [1, 1], "what is no step does not disturb");
}

#[test]
fn shares_and_times_are_of_those_who_came_so_far() {
    let journeys = journeys(options(2), &[(0, 1, A), (10, 2, A), (20, 3, A), (30, 1, B), (60, 2, B), (61, 2, A), (62, 2, B)]);
    let reached = journeys.reached();
    assert_eq!(reached[1].of_first, Share::new(2, 3));
    assert_eq!(reached[1].took_ms, Some(Median { value: 40, of: 2 }), "30 and 50: the first time that it was reached");
    assert_eq!(reached[0].took_ms, Some(Median { value: 0, of: 3 }));
    assert_eq!(journeys.stopped_at(0).iter().collect::<Vec<_>>(), [3]);
    assert_eq!(journeys.stopped_at(1).iter().collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn each_contact_is_under_one_key() {
    let journeys = journeys(options(2), &[(0, 1, A), (0, 2, A), (0, 3, A), (5, 1, B)]);
    let by_key = journeys.by_key(&HashMap::from([(1, 7), (2, 7)]));
    let people: Vec<(Option<u32>, u64, u64)> = by_key.iter().map(|(key, steps)| (*key, steps[0].people, steps[1].people)).collect();
    assert_eq!(people, [(Some(7), 2, 1), (None, 1, 0)]);
}

#[test]
fn nobody_is_no_share() {
    let reached = journeys(options(2), &[]).reached();
    assert_eq!((reached.len(), reached[1].of_previous.percent(), reached[1].took_ms), (2, None, None));
    assert!(journeys(options(0), &[(1, 1, A)]).reached().is_empty());
    assert_eq!(people(options(99), &[(1, 1, u32::MAX)]).len(), MOST_STEPS);
}
