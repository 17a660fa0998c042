//! Versions of programs, and which of two is the newer. Pure; the rows are in [`crate::store`].

use kernel::Time;
use kernel::ids::{ProjectId, ReleaseId};
use std::cmp::Ordering;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    pub id: ReleaseId,
    pub project: ProjectId,
    /// As the program names it: `shop@2.1.0+build`, a commit, anything.
    pub version: String,
    pub created_at: Time,
    pub released_at: Option<Time>,
}

/// `package@1.2.3-rc.1+build`: what can be compared by its numbers (semver.org, §11).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Semver<'a> {
    /// Empty where none is named.
    pub package: &'a str,
    pub numbers: [u64; 3],
    pub pre: Vec<&'a str>,
    /// Does not count in comparisons.
    pub build: &'a str,
}

impl<'a> Semver<'a> {
    /// Two or three numbers; `v1.2` is `1.2.0`. A lone number is a build or a date, not a version.
    pub fn parse(version: &'a str) -> Option<Semver<'a>> {
        let (package, rest) = version.rsplit_once('@').unwrap_or(("", version));
        let rest = rest.strip_prefix('v').unwrap_or(rest);
        let (rest, build) = rest.split_once('+').unwrap_or((rest, ""));
        let (core, pre) = rest.split_once('-').unwrap_or((rest, ""));
        let parts: Vec<&str> = core.split('.').collect();
        if !(2..=3).contains(&parts.len()) {
            return None;
        }
        let mut numbers = [0; 3];
        for (number, part) in numbers.iter_mut().zip(parts) {
            *number = part.parse().ok()?;
        }
        let pre = if pre.is_empty() { Vec::new() } else { pre.split('.').collect() };
        Some(Semver { package, numbers, pre, build })
    }

    fn order(&self, other: &Semver<'_>) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| match (self.pre.is_empty(), other.pre.is_empty()) {
            (true, true) => Ordering::Equal,
            // 1.0.0 comes after 1.0.0-rc.1.
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => order_pre(&self.pre, &other.pre),
        })
    }
}

fn order_pre(left: &[&str], right: &[&str]) -> Ordering {
    for (one, other) in left.iter().zip(right) {
        let order = match (one.parse::<u64>(), other.parse::<u64>()) {
            (Ok(one), Ok(other)) => one.cmp(&other),
            (Ok(_), Err(_)) => Ordering::Less,
            (Err(_), Ok(_)) => Ordering::Greater,
            (Err(_), Err(_)) => one.cmp(other),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    left.len().cmp(&right.len())
}

impl Release {
    /// By the numbers where both have them and are of one package, else by when they came.
    pub fn order(&self, other: &Release) -> Ordering {
        match (Semver::parse(&self.version), Semver::parse(&other.version)) {
            (Some(one), Some(two)) if one.package == two.package => {
                one.order(&two).then_with(|| (self.created_at, self.id).cmp(&(other.created_at, other.id)))
            }
            _ => (self.created_at, self.id).cmp(&(other.created_at, other.id)),
        }
    }
}

/// As a version may be stored: at most 200 characters, no control characters, not `.`, `..` or slashes alone, trimmed. `None`: not one
/// (the limits of Sentry's wire).
pub fn checked_version(text: &str) -> Option<String> {
    let text = text.trim();
    let is_plain = !text.is_empty()
        && text.chars().count() <= 200
        && !text.chars().any(char::is_control)
        && !matches!(text, "." | ".." | "latest")
        && !text.chars().all(|c| matches!(c, '/' | '\\'));
    is_plain.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(id: i64, version: &str, created_at: i64) -> Release {
        Release { id: ReleaseId(id), project: ProjectId(1), version: version.into(), created_at: Time(created_at), released_at: None }
    }

    #[test]
    fn numbers_decide_where_there_are_numbers_and_time_elsewhere() {
        let newer = |new: &str, old: &str| release(1, new, 0).order(&release(2, old, 100)) == Ordering::Greater;
        assert!(newer("shop@1.10.0", "shop@1.9.3"));
        assert!(newer("1.0.0", "1.0.0-rc.1") && newer("1.0.0-rc.11", "1.0.0-rc.2") && newer("1.0.0-rc.1", "1.0.0-1"));
        assert!(newer("v2.0", "1.99.99+build"));
        assert!(!newer("shop@2.0.0", "admin@1.0.0"), "two packages: the later one");
        assert!(!newer("f00ba4", "bada55"), "commits: the later one");
        assert!(!newer("20260101", "20250101"), "a lone number is no version: the later one");
    }

    #[test]
    fn what_cannot_be_a_version_is_none() {
        for text in ["", " ", ".", "..", "/", "//", "a\nb", "a\tb", &"x".repeat(201)] {
            assert_eq!(checked_version(text), None, "{text:?}");
        }
        for text in ["1.0", "shop@1.0 beta", "a/b", "🚀", "release/1"] {
            assert_eq!(checked_version(text).as_deref(), Some(text));
        }
    }
}
