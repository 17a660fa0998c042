//! Errors as a person meets them: a [`Kind`] that decides the HTTP code, and one sentence that says what to do.
//!
//! `Display` never repeats the source; whoever handles the error logs the chain once ([`Error::chain`]).

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The closed set of ways in which a request can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The input cannot be accepted as it is (HTTP 422; 400 for the API).
    Invalid,
    /// Nobody is signed in, or the key is unknown (401).
    Unauthorized,
    /// Signed in, but the role or scope does not reach (403).
    Forbidden,
    NotFound,
    /// Somebody else changed it, or it exists already (409).
    Conflict,
    TooLarge,
    /// Asked too often; may be tried again after the given time (429).
    RateLimited(Duration),
    /// A part that is needed does not answer now (503).
    Unavailable,
    /// Our fault; the person sees a short sentence, the log sees the chain (500).
    Internal,
}

/// What went wrong with one field of a form or document. `field` is the name used on the wire.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FieldError {
    pub field: String,
    pub message: String,
}

#[derive(Debug)]
pub struct Error {
    pub kind: Kind,
    message: String,
    fields: Vec<FieldError>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), fields: Vec::new(), source: None }
    }

    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, message)
    }

    /// One field is wrong; the sentence stands beside the field and above the form.
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self::fields(vec![FieldError { field: field.to_owned(), message }])
    }

    /// Several fields are wrong: the person gets all of them at once.
    pub fn fields(fields: Vec<FieldError>) -> Self {
        let message = fields.first().map_or_else(String::new, |first| first.message.clone());
        Self { kind: Kind::Invalid, message, fields, source: None }
    }

    pub fn not_found(what: &str) -> Self {
        Self::new(Kind::NotFound, format!("This {what} does not exist (any more)."))
    }

    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(Kind::Conflict, message)
    }

    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(Kind::Forbidden, message)
    }

    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Kind::Unavailable, message)
    }

    /// A failure of ours: `doing` completes "while …" in the log; the person sees a general sentence.
    pub fn internal(doing: impl Into<String>) -> Self {
        Self::new(Kind::Internal, doing)
    }

    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    pub fn message(&self) -> &str {
        &self.message
    }

    pub fn field_errors(&self) -> &[FieldError] {
        &self.fields
    }

    /// The sentence a person may see: internal details stay in the log.
    pub fn public_message(&self) -> &str {
        match self.kind {
            Kind::Internal => "Something went wrong on our side. It has been logged; please try again.",
            _ => &self.message,
        }
    }

    /// The whole chain in one line, for the log.
    pub fn chain(&self) -> String {
        let mut line = self.message.clone();
        let mut next = self.source();
        while let Some(cause) = next {
            line.push_str(": ");
            line.push_str(&cause.to_string());
            next = cause.source();
        }
        line
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

/// Collects the field errors of one form, so that the person hears of all of them at once.
#[derive(Debug, Default)]
pub struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    pub fn push(&mut self, field: &str, message: impl Into<String>) {
        self.0.push(FieldError { field: field.to_owned(), message: message.into() });
    }

    /// Keeps the value, or notes the error under `field` and goes on.
    pub fn take<T>(&mut self, field: &str, result: Result<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.push(field, error.message());
                None
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn finish(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::fields(self.0)) }
    }
}
