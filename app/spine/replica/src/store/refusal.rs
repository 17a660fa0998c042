//! What an S3 server's refusal means: one of five kinds, and a sentence for the person who has to mend it.

use std::error::Error;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use super::StoreError;
use crate::address::Bucket;

/// Codes that speak of credentials, whatever the number before them.
const CREDENTIAL_CODES: &[&str] = &["ExpiredToken", "InvalidToken", "TokenRefreshRequired", "InvalidAccessKeyId", "SignatureDoesNotMatch"];
/// Codes that speak of now, in answers that otherwise blame the request. An upload that is not there may have been completed, by a
/// request whose answer was lost.
const LATER_CODES: &[&str] =
    &["RequestTimeout", "SlowDown", "Throttling", "ThrottlingException", "TooManyRequests", "OperationAborted", "NoSuchUpload"];

/// `verb` as in “could not be written”.
pub fn refusal<E>(error: &SdkError<E, HttpResponse>, place: &Bucket, verb: &str, object: &str) -> StoreError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let server = server(place);
    match error {
        SdkError::ServiceError(answer) => {
            let (code, message) = (answer.err().code().unwrap_or_default(), answer.err().message().unwrap_or_default());
            answered(answer.raw().status().as_u16(), code, message, place, verb, object)
        }
        SdkError::ConstructionFailure(_) => {
            StoreError::Invalid(format!("{object} could not be {verb}: no request can be made of it ({}).", root_cause(error)))
        }
        SdkError::TimeoutError(_) => StoreError::Unreachable(format!(
            "{object} could not be {verb}: {server} did not answer in time. Check that it is up and can be reached from here."
        )),
        _ => StoreError::Unreachable(format!(
            "{object} could not be {verb}: {server} does not answer ({}). Check that it is up and can be reached from here.",
            root_cause(error)
        )),
    }
}

fn answered(status: u16, code: &str, message: &str, place: &Bucket, verb: &str, object: &str) -> StoreError {
    let server = server(place);
    let said = [status.to_string().as_str(), code, message].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    let refused = format!("{object} could not be {verb}: {server} said “{said}”.");
    if code == "NoSuchBucket" {
        let bucket = &place.bucket;
        return StoreError::Invalid(format!("The bucket {bucket} does not exist at {server}. Create it, or correct the address."));
    }
    if status == 412 || code == "ConditionalRequestConflict" {
        return StoreError::Condition(format!("{object} is not as it was expected to be: somebody else wrote it."));
    }
    if is_unknown_to_it(status, code) {
        return StoreError::Invalid(format!("{refused} It does not know this kind of request."));
    }
    if LATER_CODES.contains(&code) || matches!(status, 408 | 429 | 500..) {
        return StoreError::Unreachable(format!("{refused} It is worth another try."));
    }
    if CREDENTIAL_CODES.contains(&code) || matches!(status, 401 | 403) {
        return StoreError::Denied(format!("{refused} Check the access key, its secret, and what they are allowed to do."));
    }
    match status {
        404 => StoreError::NotFound(format!("{object} does not exist.")),
        409 => StoreError::Condition(format!("{object} is not as it was expected to be: somebody else is writing it.")),
        301 | 307 => StoreError::Invalid(format!("{refused} The bucket is elsewhere: correct the region or the endpoint.")),
        _ => StoreError::Invalid(format!("{refused} Check the address.")),
    }
}

/// A compatible server without this act: trying again changes nothing, though 501 stands among the answers that say “later”.
pub fn is_unknown_to_it(status: u16, code: &str) -> bool {
    matches!(status, 405 | 501) || matches!(code, "NotImplemented" | "MethodNotAllowed")
}

/// How a sentence calls the other side.
pub fn server(place: &Bucket) -> String {
    place.endpoint.clone().unwrap_or_else(|| format!("Amazon S3 in {}", place.region))
}

/// The innermost sentence: “Connection refused” instead of “dispatch failure”.
pub fn root_cause(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
