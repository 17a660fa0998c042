//! What a capability keeps in memory while the house is open, found by its type.

use kernel::Result;
use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Weak on purpose: what lies here usually holds a [`crate::Cx`], and would keep its own house open for ever. It lives as
/// long as the loops or handlers that hold it.
#[derive(Default)]
pub struct Slots(Mutex<HashMap<TypeId, Weak<dyn Any + Send + Sync>>>);

impl Slots {
    /// The one `T` of this house; made when there is none (any more).
    pub fn get_or_make<T: Any + Send + Sync>(&self, make: impl FnOnce() -> Result<T>) -> Result<Arc<T>> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known(&slots) {
            return Ok(known);
        }
        let made = Arc::new(make()?);
        let slot: Arc<dyn Any + Send + Sync> = made.clone();
        slots.insert(TypeId::of::<T>(), Arc::downgrade(&slot));
        Ok(made)
    }

    /// The one `T` of this house, if somebody has made it and still holds it.
    pub fn find<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        known(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A slot of its own: who holds answers back until what they answer for is copied.
pub struct Durability(pub Box<dyn web::Durable>);

fn known<T: Any + Send + Sync>(slots: &HashMap<TypeId, Weak<dyn Any + Send + Sync>>) -> Option<Arc<T>> {
    slots.get(&TypeId::of::<T>()).and_then(Weak::upgrade).and_then(|slot| slot.downcast::<T>().ok())
}
