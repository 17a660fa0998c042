//! A bucket, by the SDK: one request an act, except for listings of several pages.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Config;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{Delete, MetadataDirective, ObjectIdentifier, ServerSideEncryption};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use kernel::Time;
use md5::{Digest as _, Md5};

use super::client::{Patience, client};
use super::counted::Counters;
use super::reading::Object;
use super::refusal::{is_unknown_to_it, refusal, server};
use super::{Condition, Head, Listed, Put, PutOptions, Result, Span, StoreError};
use crate::address::{Bucket, Encryption, S3Options};

/// The server copies inside itself, and answers when it is done.
const COPY_TIMEOUT: Duration = Duration::from_secs(600);
/// What a server takes in one request to delete.
const DELETED_AT_ONCE: usize = 1_000;
const DELETED_SIDE_BY_SIDE: usize = 4;

#[derive(Clone)]
pub struct S3 {
    pub client: Client,
    pub place: Arc<Bucket>,
    pub counters: Arc<Counters>,
    pub patience: Patience,
    encryption: Arc<Keys>,
}

/// Why a request to delete did nothing.
enum Undeleted {
    /// The server does not know the request.
    OneByOne,
    Forbidden(String),
    Failed(StoreError),
}

/// [`Encryption`] as the headers want it.
enum Keys {
    Default,
    Customer { key: String, md5: String },
    Kms(String),
}

impl std::fmt::Debug for S3 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "S3 at {}", self.place.place())
    }
}

impl S3 {
    pub fn open(place: &Bucket, options: &S3Options, patience: Patience, counters: &Arc<Counters>) -> Result<S3> {
        if options.access_key_id.is_empty() || options.secret_access_key.is_empty() {
            let place = place.place();
            return Err(StoreError::Invalid(format!("{place} needs an access key and its secret. Give both in the configuration.")));
        }
        Ok(S3 {
            client: client(place, options, patience, counters)?,
            place: Arc::new(place.clone()),
            counters: Arc::clone(counters),
            patience,
            encryption: Arc::new(keys(&options.encryption)?),
        })
    }

    /// The key as the bucket knows it.
    pub fn full(&self, key: &str) -> String {
        if self.place.path.is_empty() { key.to_owned() } else { format!("{}/{key}", self.place.path) }
    }

    /// The key as a sentence calls it.
    pub fn named(&self, key: &str) -> String {
        format!("{}/{key}", self.place.place())
    }

    pub async fn put_whole(&self, key: &str, body: Bytes, options: &PutOptions) -> Result<Put> {
        let adapted = self.patience.adapted(body.len() as u64, &options.condition);
        let (if_absent, if_match) = options.condition.headers();
        let (customer, kms) = (self.customer_key(), self.kms_key());
        let request = self
            .client
            .put_object()
            .bucket(&self.place.bucket)
            .key(self.full(key))
            .set_metadata(Some(options.metadata.iter().cloned().collect()))
            .set_content_type(options.content_type.clone())
            .set_cache_control(options.cache_control.clone())
            .set_if_none_match(if_absent)
            .set_if_match(if_match)
            .set_sse_customer_algorithm(customer.map(|_| "AES256".to_owned()))
            .set_sse_customer_key(customer.map(|(key, _)| key.to_owned()))
            .set_sse_customer_key_md5(customer.map(|(_, md5)| md5.to_owned()))
            .set_server_side_encryption(kms.map(|_| ServerSideEncryption::AwsKms))
            .set_ssekms_key_id(kms.map(str::to_owned))
            .body(ByteStream::from(body));
        let sent = match adapted {
            Some(config) => request.customize().config_override(config).send().await,
            None => request.send().await,
        };
        let put = sent.map_err(|error| self.refused(&error, "written", key))?;
        Ok(Put { etag: put.e_tag })
    }

    pub async fn get(&self, key: &str, span: Option<Span>) -> Result<Object> {
        let (head, body, from, length) = self.get_body(key, span, None).await?;
        Ok(Object::from_bucket(head, self.clone(), key, body, from..from + length))
    }

    /// Head, bytes, where they start, and how many come. `etag`: only of this object, not of one that replaced it.
    pub async fn get_body(&self, key: &str, span: Option<Span>, etag: Option<String>) -> Result<(Head, ByteStream, u64, u64)> {
        let customer = self.customer_key();
        let got = self
            .client
            .get_object()
            .bucket(&self.place.bucket)
            .key(self.full(key))
            .set_range(span.map(Span::header))
            .set_if_match(etag)
            .set_sse_customer_algorithm(customer.map(|_| "AES256".to_owned()))
            .set_sse_customer_key(customer.map(|(key, _)| key.to_owned()))
            .set_sse_customer_key_md5(customer.map(|(_, md5)| md5.to_owned()))
            .send()
            .await
            .map_err(|error| self.refused(&error, "read", key))?;
        let length = size(got.content_length);
        // `bytes 0-99/1234`; a server that ignores the range sends everything, and says so by leaving this out.
        let whole = got.content_range.as_deref().and_then(|range| range.rsplit_once('/')?.1.parse().ok());
        let from = span.map_or(0, |span| span.from);
        if span.is_some() && whole.is_none() {
            let (object, server) = (self.named(key), server(&self.place));
            return Err(StoreError::Invalid(format!("{object} could not be read in part: {server} sends only whole objects.")));
        }
        let head =
            Head { size: whole.unwrap_or(length), etag: got.e_tag, metadata: pairs(got.metadata), modified: time(got.last_modified) };
        Ok((head, got.body, from, length))
    }

    pub async fn head(&self, key: &str) -> Result<Option<Head>> {
        let customer = self.customer_key();
        let sent = self
            .client
            .head_object()
            .bucket(&self.place.bucket)
            .key(self.full(key))
            .set_sse_customer_algorithm(customer.map(|_| "AES256".to_owned()))
            .set_sse_customer_key(customer.map(|(key, _)| key.to_owned()))
            .set_sse_customer_key_md5(customer.map(|(_, md5)| md5.to_owned()))
            .send()
            .await;
        match sent {
            Ok(head) => Ok(Some(Head {
                size: size(head.content_length),
                etag: head.e_tag,
                metadata: pairs(head.metadata),
                modified: time(head.last_modified),
            })),
            Err(error) => match self.refused(&error, "looked at", key) {
                StoreError::NotFound(_) => Ok(None),
                refusal => Err(refusal),
            },
        }
    }

    pub async fn list(&self, prefix: &str) -> Result<Vec<Listed>> {
        let own = self.full("");
        let full = self.full(prefix);
        let mut listed = Vec::new();
        let mut next = None;
        loop {
            let request = self.client.list_objects_v2().bucket(&self.place.bucket).prefix(&full).set_continuation_token(next);
            let page = request.send().await.map_err(|error| self.refused(&error, "listed", prefix))?;
            for object in page.contents.unwrap_or_default() {
                let Some(key) = object.key.as_deref().and_then(|key| key.strip_prefix(&own)) else { continue };
                let (key, size, modified) = (key.to_owned(), size(object.size), time(object.last_modified));
                listed.push(Listed { key, size, modified, etag: object.e_tag });
            }
            next = page.next_continuation_token;
            if page.is_truncated != Some(true) || next.is_none() {
                break;
            }
        }
        // Directory buckets list in no order.
        listed.sort_by(|one, other| one.key.cmp(&other.key));
        Ok(listed)
    }

    pub async fn copy(&self, from: &str, to: &str, metadata: &[(String, String)]) -> Result<()> {
        let (customer, kms) = (self.customer_key(), self.kms_key());
        // The header is a part of a URL, the key is not.
        let source: String = url::form_urlencoded::byte_serialize(self.full(from).as_bytes()).collect();
        let source = source.replace('+', "%20").replace("%2F", "/");
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(COPY_TIMEOUT).build();
        self.client
            .copy_object()
            .bucket(&self.place.bucket)
            .copy_source(format!("{}/{source}", self.place.bucket))
            .key(self.full(to))
            .metadata_directive(MetadataDirective::Replace)
            .set_metadata(Some(metadata.iter().cloned().collect()))
            .set_copy_source_sse_customer_algorithm(customer.map(|_| "AES256".to_owned()))
            .set_copy_source_sse_customer_key(customer.map(|(key, _)| key.to_owned()))
            .set_copy_source_sse_customer_key_md5(customer.map(|(_, md5)| md5.to_owned()))
            .set_sse_customer_algorithm(customer.map(|_| "AES256".to_owned()))
            .set_sse_customer_key(customer.map(|(key, _)| key.to_owned()))
            .set_sse_customer_key_md5(customer.map(|(_, md5)| md5.to_owned()))
            .set_server_side_encryption(kms.map(|_| ServerSideEncryption::AwsKms))
            .set_ssekms_key_id(kms.map(str::to_owned))
            .customize()
            .config_override(Config::builder().timeout_config(timeouts))
            .send()
            .await
            .map(|_| ())
            .map_err(|error| self.refused(&error, "copied", from))
    }

    pub async fn delete(&self, keys: &[String]) -> Result<Vec<(String, String)>> {
        let mut refused = Vec::new();
        for batch in keys.chunks(DELETED_AT_ONCE) {
            match self.delete_batch(batch).await {
                Ok(some) => refused.extend(some),
                Err(Undeleted::OneByOne) => {
                    let singles = stream::iter(batch.to_vec()).map(|key| async move { self.delete_one(&key).await });
                    let mut singles = singles.buffer_unordered(DELETED_SIDE_BY_SIDE);
                    while let Some(single) = singles.next().await {
                        refused.extend(single?);
                    }
                }
                // The whole request was refused for want of permission; wrong credentials are another matter.
                Err(Undeleted::Forbidden(reason)) => refused.extend(batch.iter().map(|key| (key.clone(), reason.clone()))),
                Err(Undeleted::Failed(error)) => return Err(error),
            }
        }
        Ok(refused)
    }

    /// For servers that do not know how to delete many at once.
    async fn delete_one(&self, key: &str) -> Result<Option<(String, String)>> {
        match self.client.delete_object().bucket(&self.place.bucket).key(self.full(key)).send().await {
            Ok(_) => Ok(None),
            Err(error) => match self.undeleted(&error, key) {
                Undeleted::Failed(StoreError::NotFound(_)) => Ok(None),
                Undeleted::Failed(error) => Err(error),
                Undeleted::Forbidden(reason) => Ok(Some((key.to_owned(), reason))),
                Undeleted::OneByOne => Ok(Some((key.to_owned(), self.refused(&error, "deleted", key).to_string()))),
            },
        }
    }

    fn undeleted<E>(&self, error: &SdkError<E, aws_sdk_s3::config::http::HttpResponse>, key: &str) -> Undeleted
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let (status, code) = (error.raw_response().map_or(0, |answer| answer.status().as_u16()), error.code().unwrap_or_default());
        match self.refused(error, "deleted", key) {
            StoreError::Denied(reason) if code == "AccessDenied" => Undeleted::Forbidden(reason),
            StoreError::Invalid(_) if is_unknown_to_it(status, code) => Undeleted::OneByOne,
            error => Undeleted::Failed(error),
        }
    }

    async fn delete_batch(&self, keys: &[String]) -> Result<Vec<(String, String)>, Undeleted> {
        let told = |sentence: String| Undeleted::Failed(StoreError::Invalid(sentence));
        let objects: Result<Vec<_>, _> = keys.iter().map(|key| ObjectIdentifier::builder().key(self.full(key)).build()).collect();
        let delete = objects.and_then(|objects| Delete::builder().set_objects(Some(objects)).quiet(true).build());
        let delete = delete.map_err(|error| told(format!("No request to delete can be made: {error}.")))?;
        let request = self.client.delete_objects().bucket(&self.place.bucket).delete(delete);
        // Servers that do not know the newer checksums insist on this one.
        let request = request.customize().mutate_request(|request| {
            if let Some(body) = request.body().bytes() {
                let md5 = STANDARD.encode(Md5::digest(body));
                request.headers_mut().insert("content-md5", md5);
            }
        });
        let answer = request.send().await.map_err(|error| self.undeleted(&error, keys.first().map_or("", String::as_str)))?;
        let own = self.full("");
        let refused = answer.errors.unwrap_or_default().into_iter().filter(|error| error.code() != Some("NoSuchKey"));
        Ok(refused
            .map(|error| {
                let key = error.key.as_deref().unwrap_or_default();
                let reason = format!("{} {}", error.code.as_deref().unwrap_or("refused"), error.message.as_deref().unwrap_or_default());
                (key.strip_prefix(&own).unwrap_or(key).to_owned(), reason.trim_end().to_owned())
            })
            .collect())
    }

    pub fn refused<E>(&self, error: &SdkError<E, aws_sdk_s3::config::http::HttpResponse>, verb: &str, key: &str) -> StoreError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        refusal(error, &self.place, verb, &self.named(key))
    }

    /// Key and MD5, both in base64.
    pub fn customer_key(&self) -> Option<(&str, &str)> {
        match &*self.encryption {
            Keys::Customer { key, md5 } => Some((key, md5)),
            _ => None,
        }
    }

    pub fn kms_key(&self) -> Option<&str> {
        match &*self.encryption {
            Keys::Kms(key) => Some(key),
            _ => None,
        }
    }
}

impl Condition {
    /// `If-None-Match` and `If-Match`.
    pub(super) fn headers(&self) -> (Option<String>, Option<String>) {
        match self {
            Condition::Always => (None, None),
            Condition::IfAbsent => (Some("*".to_owned()), None),
            Condition::IfMatch(etag) => (None, Some(etag.clone())),
        }
    }
}

impl Span {
    fn header(self) -> String {
        match self.to {
            Some(to) => format!("bytes={}-{}", self.from, to.saturating_sub(1)),
            None => format!("bytes={}-", self.from),
        }
    }
}

fn keys(encryption: &Encryption) -> Result<Keys> {
    match encryption {
        Encryption::Default => Ok(Keys::Default),
        Encryption::Kms(key) => Ok(Keys::Kms(key.clone())),
        Encryption::CustomerKey(key) => {
            let bytes = STANDARD.decode(key.expose().trim()).ok().filter(|bytes| bytes.len() == 32);
            let bytes = bytes.ok_or_else(|| StoreError::Invalid("The customer's key for SSE-C is 32 bytes in base64.".to_owned()))?;
            Ok(Keys::Customer { key: STANDARD.encode(&bytes), md5: STANDARD.encode(Md5::digest(&bytes)) })
        }
    }
}

fn size(bytes: Option<i64>) -> u64 {
    bytes.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or_default()
}

fn time(stamp: Option<DateTime>) -> Time {
    Time(stamp.and_then(|stamp| stamp.to_millis().ok()).unwrap_or_default())
}

fn pairs(metadata: Option<std::collections::HashMap<String, String>>) -> Vec<(String, String)> {
    let mut pairs: Vec<_> = metadata.unwrap_or_default().into_iter().collect();
    pairs.sort();
    pairs
}
