//! Where dumps go: the destinations of the configuration, the same that Hermetic's own copies go to.

use capability::Cx;
use kernel::{Error, Result};
use replica::store::Store;

use super::model::Draft;
use crate::copies::{Copies, Place};

/// Destinations without running copies, for tests and for houses that copy nothing of their own.
pub struct Places(pub Vec<Place>);

/// All of them, in the order of the configuration.
pub fn all(cx: &Cx) -> Vec<Place> {
    let own = cx.slots.find::<Places>().map(|places| places.0.clone());
    own.or_else(|| Copies::of(cx).map(|copies| copies.places.clone())).unwrap_or_default()
}

/// By name; the only one there is where none was named.
pub fn named(cx: &Cx, name: &str) -> Result<Place> {
    let mut places = all(cx);
    if places.is_empty() {
        return Err(Error::invalid("No destination is configured. Name one in the configuration file, as for Hermetic's own copies."));
    }
    if name.is_empty() && places.len() == 1 {
        return Ok(places.remove(0));
    }
    let known = places.iter().map(|place| place.name.clone()).collect::<Vec<_>>().join(", ");
    places.into_iter().find(|place| place.name == name).ok_or_else(|| match name {
        "" => Error::invalid(format!("Please choose a destination: {known}.")),
        name => Error::invalid(format!("There is no destination “{name}” in the configuration; there is {known}.")),
    })
}

/// A dump that could never run would be found out at its first schedule, in the night.
pub fn check(cx: &Cx, draft: &Draft) -> Result<()> {
    named(cx, draft.place.trim()).map(|_| ()).map_err(|error| Error::field("place", error.message()))
}

/// `<address>/dumps`: where object keys begin.
pub fn store(place: &Place) -> Result<Store> {
    Store::open(&place.address.child("dumps"), &place.options).map_err(|error| Error::unavailable(error.to_string()))
}
