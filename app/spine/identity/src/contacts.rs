//! Contacts, their customers and handles: what they are, and when two contacts are one. Pure.
//!
//! A contact that no program has named is a visitor. What is known by a handle moves with it: observations hold the handle, so a merge is
//! exact for the past, too.

use kernel::Time;
use kernel::ids::{ContactId, CustomerId, HandleId};
use serde_json::{Map, Value};

/// A person who uses the founder's product.
#[derive(Debug, Clone, PartialEq)]
pub struct Contact {
    pub id: ContactId,
    pub customer: Option<CustomerId>,
    /// `false`: a visitor.
    pub is_identified: bool,
    /// Empty while unknown.
    pub email: String,
    pub name: String,
    pub traits: Map<String, Value>,
    /// When it was seen first.
    pub created_at: Time,
}

impl Contact {
    /// What people call it: name, address, or its number.
    pub fn label(&self) -> String {
        match (self.name.is_empty(), self.email.is_empty()) {
            (false, _) => self.name.clone(),
            (true, false) => self.email.clone(),
            (true, true) if self.is_identified => format!("Contact {}", self.id),
            (true, true) => format!("Visitor {}", self.id),
        }
    }
}

/// Who pays, or tries.
#[derive(Debug, Clone, PartialEq)]
pub struct Customer {
    pub id: CustomerId,
    /// What programs call it.
    pub key: String,
    pub name: String,
    pub traits: Map<String, Value>,
    pub created_at: Time,
}

/// An id by which programs know a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handle {
    pub id: HandleId,
    pub contact: ContactId,
}

/// The longest handle, in bytes.
pub const HANDLE_BYTES: usize = 256;

/// Names that broken programs give to everybody: taken for a handle, one of them would make all people one contact. The list is PostHog's, who
/// learned it from their customers.
const NOBODY: [&str; 12] =
    ["anonymous", "guest", "distinctid", "distinct_id", "id", "not_authenticated", "email", "undefined", "true", "false", "null", "nil"];
const NOBODY_EXACTLY: [&str; 5] = ["[object Object]", "NaN", "None", "none", "0"];

/// Whether this names somebody.
pub fn is_handle(text: &str) -> bool {
    let text = text.trim();
    let is_nobody = NOBODY.iter().any(|word| text.eq_ignore_ascii_case(word)) || NOBODY_EXACTLY.contains(&text);
    !is_nobody && !text.trim_matches(['"', '\'', ' ']).is_empty() && text.len() <= HANDLE_BYTES && !text.chars().any(char::is_control)
}

/// A contact as far as linking looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Side {
    pub contact: ContactId,
    pub is_identified: bool,
}

/// What becomes of two contacts that are told to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    AreOne,
    Merge(Merged),
    /// Both were identified, as two people: a shared computer, mostly. Merged they could never be told apart again.
    Refuse,
}

/// All of `from` is `into` now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Merged {
    pub from: ContactId,
    pub into: ContactId,
}

/// `first` stays where both could.
pub fn link(first: Side, second: Side, is_forced: bool) -> Link {
    if first.contact == second.contact {
        Link::AreOne
    } else if !second.is_identified || is_forced && first.is_identified {
        Link::Merge(Merged { from: second.contact, into: first.contact })
    } else if !first.is_identified {
        Link::Merge(Merged { from: first.contact, into: second.contact })
    } else {
        Link::Refuse
    }
}

/// Traits that are kept of one contact or customer, and their bytes as JSON.
const TRAITS: usize = 60;
const TRAIT_BYTES: usize = 16 << 10;

/// Adds what was told. `wins`: newer values win; otherwise they fill gaps only. What would be too much is left out. Gives whether anything changed.
pub fn learn(known: &mut Map<String, Value>, told: &Map<String, Value>, wins: bool) -> bool {
    let mut is_changed = false;
    let mut size: usize = known.iter().map(weight).sum();
    for (name, value) in told {
        let old = known.get(name);
        if old == Some(value) || (!wins && old.is_some()) || (value.is_null() && old.is_none()) {
            continue;
        }
        let grown = size - old.map_or(0, |old| weight((name, old))) + weight((name, value));
        if grown > TRAIT_BYTES || (old.is_none() && known.len() >= TRAITS) {
            continue;
        }
        size = grown;
        known.insert(name.clone(), value.clone());
        is_changed = true;
    }
    is_changed
}

fn weight((name, value): (&String, &Value)) -> usize {
    name.len() + value.to_string().len() + 4
}

/// The mail address among traits, as SDKs name it.
pub fn email_of(traits: &Map<String, Value>) -> Option<&str> {
    let named = ["email", "$email", "Email"].into_iter().find_map(|name| traits.get(name)?.as_str());
    named.map(str::trim).filter(|text| text.len() <= 254 && kernel::text::Email::parse(text).is_ok())
}

/// A person's name among traits, as SDKs name it.
pub fn name_of(traits: &Map<String, Value>) -> Option<String> {
    let text = |name: &str| traits.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let whole = text("name").or_else(|| text("$name")).map(str::to_owned);
    let parts = || {
        let parts: Vec<&str> =
            [text("firstName").or(text("first_name")), text("lastName").or(text("last_name"))].into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    };
    whole.or_else(parts).map(|name| kernel::text::shorten(&name, 120))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(contact: i64, is_identified: bool) -> Side {
        Side { contact: ContactId(contact), is_identified }
    }

    #[test]
    fn a_visitor_becomes_the_contact_and_two_contacts_stay_two_unless_forced() {
        let merge = |from, into| Link::Merge(Merged { from: ContactId(from), into: ContactId(into) });
        assert_eq!(link(side(1, true), side(2, false), false), merge(2, 1));
        assert_eq!(link(side(1, false), side(2, true), false), merge(1, 2));
        assert_eq!(link(side(1, false), side(2, false), false), merge(2, 1));
        assert_eq!(link(side(1, true), side(2, true), false), Link::Refuse);
        assert_eq!(link(side(1, true), side(2, true), true), merge(2, 1));
        assert_eq!(link(side(1, false), side(2, true), true), merge(1, 2), "force or not, who is known stays");
        assert_eq!(link(side(1, true), side(1, true), true), Link::AreOne);
    }

    #[test]
    fn what_broken_programs_give_to_everybody_names_nobody() {
        for nobody in ["", " ", "\"\"", "Anonymous", "undefined", "[object Object]", "NaN", "null", "0", "None", "a\nb"] {
            assert!(!is_handle(nobody), "{nobody:?}");
        }
        assert!(!is_handle(&"a".repeat(HANDLE_BYTES + 1)));
        for somebody in ["u_42", "ada@example.com", "none of your business", "01a207b4-2e68-7dfb-96fa-42a9ce597011", "00"] {
            assert!(is_handle(somebody), "{somebody:?}");
        }
    }

    #[test]
    fn traits_are_learned_within_bounds() {
        let told = |json: &str| serde_json::from_str::<Map<String, Value>>(json).unwrap();
        let mut known = Map::new();
        assert!(learn(&mut known, &told(r#"{"plan":"free","email":"ada@example.com"}"#), true));
        assert!(!learn(&mut known, &told(r#"{"plan":"free"}"#), true), "nothing new");
        assert!(learn(&mut known, &told(r#"{"plan":"pro"}"#), true));
        assert!(!learn(&mut known, &told(r#"{"plan":"team"}"#), false), "it fills gaps only");
        assert_eq!(known["plan"], "pro");
        let many = (0..100).map(|n| (format!("k{n}"), Value::from(n))).collect();
        learn(&mut known, &many, true);
        assert_eq!(known.len(), TRAITS);
        assert!(!learn(&mut Map::new(), &told(&format!(r#"{{"long":"{}"}}"#, "x".repeat(TRAIT_BYTES))), true));
        assert_eq!(email_of(&known), Some("ada@example.com"));
        assert_eq!(name_of(&told(r#"{"firstName":"Ada","lastName":"Lovelace"}"#)).as_deref(), Some("Ada Lovelace"));
    }
}
