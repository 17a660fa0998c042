//! Who uses a feature: how many of the active, how much of the product each of them uses, how soon they came to it.

use roaring::RoaringBitmap;

use super::paged::Paged;
use super::{Daily, Day, Median, Share, median};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adoption {
    pub people: u64,
    /// Those of the active who used it. Who did nothing but what makes nobody active is in `people` alone.
    pub of_active: Share,
    /// Actions for each of the people.
    pub depth: Share,
}

/// `who`: whoever used it in the same days that `active` is of; `actions`: how often they did.
pub fn adoption(active: &RoaringBitmap, who: &RoaringBitmap, actions: u64) -> Adoption {
    Adoption { people: who.len(), of_active: Share::new(who.intersection_len(active), active.len()), depth: Share::new(actions, who.len()) }
}

/// How many of the active used how many features: none is at 0, all of them last.
pub fn breadth(active: &RoaringBitmap, features: &[RoaringBitmap]) -> Vec<u64> {
    let mut used = Paged::new(0_usize);
    let mut histogram = vec![0; features.len() + 1];
    histogram[0] = active.len();
    for who in features {
        for contact in who & active {
            let before = used.get(contact);
            used.set(contact, before + 1);
            histogram[before] -= 1;
            histogram[before + 1] += 1;
        }
    }
    histogram
}

/// Days from the first action of any kind to the first use, of those whose first use lies in `first..=last`. Both hold all days there are:
/// who began earlier than `seen` does would be taken for new.
pub fn days_to_adopt(seen: &Daily, uses: &Daily, (first, last): (Day, Day)) -> Option<Median> {
    let mut began = Paged::new(i32::MAX);
    for (day, new) in seen.newcomers(&RoaringBitmap::new()).days() {
        new.iter().for_each(|contact| began.set(contact, day.0));
    }
    let adopted = uses.newcomers(&RoaringBitmap::new());
    let days = adopted.slice((first, last)).iter().flat_map(|(day, new)| {
        // Whoever did nothing else before began with it.
        new.iter().map(|contact| i64::from(day.0) - i64::from(began.get(contact).min(day.0))).collect::<Vec<_>>()
    });
    median(&mut days.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(contacts: &[u32]) -> RoaringBitmap {
        contacts.iter().copied().collect()
    }

    fn daily(days: &[(i32, &[u32])]) -> Daily {
        Daily::new(days.iter().map(|(day, contacts)| (Day(*day), who(contacts))))
    }

    #[test]
    fn a_share_of_the_active_is_never_above_all_of_them() {
        let adoption = adoption(&who(&[1, 2, 3, 4]), &who(&[1, 9]), 6);
        assert_eq!(adoption, Adoption { people: 2, of_active: Share::new(1, 4), depth: Share::new(6, 2) });
    }

    #[test]
    fn nobody_active_is_no_share() {
        let adoption = adoption(&who(&[]), &who(&[]), 0);
        assert_eq!((adoption.of_active.percent(), adoption.depth.ratio()), (None, None));
    }

    #[test]
    fn breadth_counts_each_feature_of_somebody_once() {
        let features = [who(&[1, 2, 9]), who(&[1]), who(&[])];
        assert_eq!(breadth(&who(&[1, 2, 3]), &features), [1, 1, 1, 0]);
        assert_eq!(breadth(&who(&[1, 2, 3]), &[]), [3]);
        assert_eq!(breadth(&who(&[]), &features), [0, 0, 0, 0]);
    }

    #[test]
    fn somebody_adopts_once() {
        let seen = daily(&[(1, &[1, 2, 3]), (5, &[1, 2, 4])]);
        let uses = daily(&[(4, &[1]), (5, &[2, 4]), (9, &[1, 2, 4])]);
        let of = |first, last| days_to_adopt(&seen, &uses, (Day(first), Day(last))).map(|median| (median.value, median.of));
        // Three, four and no days.
        assert_eq!(of(1, 10), Some((3, 3)));
        assert_eq!(of(5, 10), Some((2, 2)));
        assert_eq!(of(6, 10), None);
    }

    #[test]
    fn what_somebody_begins_with_is_adopted_at_once() {
        // Seen later than used: the use itself made nobody active.
        let (seen, uses) = (daily(&[(7, &[1])]), daily(&[(5, &[1, 2])]));
        assert_eq!(days_to_adopt(&seen, &uses, (Day(0), Day(9))), Some(Median { value: 0, of: 2 }));
    }
}
