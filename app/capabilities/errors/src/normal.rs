//! An event in one form, whatever the SDK sent: every legacy shape is read, nothing is refused, everything is bounded.
//!
//! - [`Event`] with [`Exception`], [`Frame`], [`Breadcrumb`], [`Request`], [`User`]: [`read`](fn@read) makes it of an item's payload
//! - [`SourceFrames`]: what maps said about its frames, stored beside the event; [`Event::resolve`] puts it in
//! - [`policy`]: browsers' reports on policies; [`feedback`]: what people said

mod event;
pub mod feedback;
mod lenient;
pub mod policy;
mod read;
mod sources;
mod stack;
mod tags;
mod when;

pub use event::{Breadcrumb, Event, Exception, Frame, Image, Message, Pairs, Place, Request, User};
pub use read::read;
pub use sources::{SourceFrames, SourcePlace};
