//! In which order monitors that refer to each other can be made, and the circle that makes it impossible.

use std::collections::{HashMap, HashSet};

use kernel::ids::MonitorId;

/// The wanted ones, each behind everything that it needs; or the first circle among their needs, its beginning repeated at its end.
pub fn needed_first(wanted: &[MonitorId], needs: &HashMap<MonitorId, Vec<MonitorId>>) -> Result<Vec<MonitorId>, Vec<MonitorId>> {
    let none = Vec::new();
    let needs = |id: MonitorId| needs.get(&id).unwrap_or(&none);
    let (mut order, mut done) = (Vec::new(), HashSet::new());
    for first in wanted {
        // The way from `first` to where we stand, and how many needs of each are looked at already.
        let mut way: Vec<(MonitorId, usize)> = if done.contains(first) { Vec::new() } else { vec![(*first, 0)] };
        while let Some((id, looked)) = way.last_mut() {
            let (id, next) = (*id, needs(*id).get(*looked).copied());
            *looked += 1;
            match next {
                None => {
                    done.insert(id);
                    order.push(id);
                    way.pop();
                }
                Some(next) if done.contains(&next) => {}
                Some(next) => match way.iter().position(|(id, _)| *id == next) {
                    Some(start) => return Err(way[start..].iter().map(|(id, _)| *id).chain([next]).collect()),
                    None => way.push((next, 0)),
                },
            }
        }
    }
    order.retain(|id| wanted.contains(id));
    Ok(order)
}
