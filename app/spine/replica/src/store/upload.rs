//! Bringing a body to a bucket: whole when it is small, else in parts, so that a gigabyte costs the memory of two parts.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, ServerSideEncryption};
use bytes::Bytes;
use tokio::task::JoinSet;

use super::s3::S3;
use super::{Body, Condition, Put, PutOptions, Result, Span, StoreError};

/// From this size on a body goes in parts of it.
pub const PART: u64 = 8 << 20;
const IN_FLIGHT: usize = 2;
/// A bucket takes no more parts of one object; beyond 80 GB they become larger.
const MOST_PARTS: u64 = 10_000;

pub async fn put(s3: &S3, key: &str, body: Body, options: &PutOptions) -> Result<Put> {
    let unreadable = |error: &io::Error| StoreError::Invalid(format!("{} could not be written: {error}.", s3.named(key)));
    let source = Source::open(body).await.map_err(|error| unreadable(&error))?;
    if source.size() >= PART {
        return put_parts(s3, key, &source, options).await;
    }
    match source.read(0, source.size()).await {
        Ok(bytes) => s3.put_whole(key, bytes, options).await,
        Err(Unread::Here(error)) => Err(unreadable(&error)),
        Err(Unread::There(error)) => Err(error),
    }
}

/// For a server that copies nothing inside itself, or not as much at once: the bytes come here and go back, in parts.
pub async fn copy(s3: &S3, from: &str, to: &str, metadata: &[(String, String)]) -> Result<()> {
    let Some(head) = s3.head(from).await? else {
        return Err(StoreError::NotFound(format!("{} does not exist.", s3.named(from))));
    };
    let options = PutOptions { metadata: metadata.to_vec(), ..PutOptions::default() };
    if head.size < PART {
        let bytes = s3.get(from, None).await?.read_all(PART as usize).await?;
        return s3.put_whole(to, bytes, &options).await.map(|_| ());
    }
    let source = Source::Object { s3: s3.clone(), key: from.to_owned(), size: head.size };
    put_parts(s3, to, &source, &options).await.map(|_| ())
}

async fn put_parts(s3: &S3, key: &str, source: &Source, options: &PutOptions) -> Result<Put> {
    let upload = Upload::start(s3, key, options).await?;
    let sent = match upload.send(source).await {
        Ok(parts) => upload.complete(parts, &options.condition).await,
        Err(error) => Err(error),
    };
    if sent.is_err() {
        upload.abort().await;
    }
    sent
}

/// Parts that were sent are kept, and paid for, until the upload is completed or aborted.
struct Upload<'a> {
    s3: &'a S3,
    key: &'a str,
    id: String,
    is_over: AtomicBool,
}

impl<'a> Upload<'a> {
    async fn start(s3: &'a S3, key: &'a str, options: &PutOptions) -> Result<Upload<'a>> {
        let (customer, kms) = (s3.customer_key(), s3.kms_key());
        let started = s3
            .client
            .create_multipart_upload()
            .bucket(&s3.place.bucket)
            .key(s3.full(key))
            .set_metadata(Some(options.metadata.iter().cloned().collect()))
            .set_content_type(options.content_type.clone())
            .set_cache_control(options.cache_control.clone())
            .set_sse_customer_algorithm(customer.map(|_| "AES256".to_owned()))
            .set_sse_customer_key(customer.map(|(key, _)| key.to_owned()))
            .set_sse_customer_key_md5(customer.map(|(_, md5)| md5.to_owned()))
            .set_server_side_encryption(kms.map(|_| ServerSideEncryption::AwsKms))
            .set_ssekms_key_id(kms.map(str::to_owned))
            .send()
            .await
            .map_err(|error| s3.refused(&error, "written", key))?;
        let id = started.upload_id.unwrap_or_default();
        Ok(Upload { s3, key, id, is_over: AtomicBool::new(false) })
    }

    /// A part is only read when there is room for it in flight. The first error ends all.
    async fn send(&self, source: &Source) -> Result<Vec<CompletedPart>> {
        let part_size = PART.max(source.size().div_ceil(MOST_PARTS));
        let mut sending = JoinSet::new();
        let mut parts = Vec::new();
        let mut offset = 0;
        for number in 1.. {
            if offset >= source.size() {
                break;
            }
            if sending.len() == IN_FLIGHT {
                parts.extend(self.next_sent(&mut sending).await?);
            }
            let size = part_size.min(source.size() - offset);
            let bytes = source.read(offset, size).await.map_err(|error| match error {
                Unread::Here(error) => StoreError::Invalid(format!("{} could not be written: {error}.", self.s3.named(self.key))),
                Unread::There(error) => error,
            })?;
            sending.spawn(send_part(self.s3.clone(), self.key.to_owned(), self.id.clone(), number, bytes));
            offset += size;
        }
        while !sending.is_empty() {
            parts.extend(self.next_sent(&mut sending).await?);
        }
        parts.sort_by_key(|part| part.part_number);
        Ok(parts)
    }

    async fn next_sent(&self, sending: &mut JoinSet<Result<CompletedPart>>) -> Result<Option<CompletedPart>> {
        match sending.join_next().await {
            Some(Ok(part)) => part.map(Some),
            Some(Err(error)) => Err(StoreError::Invalid(format!("{} could not be written: {error}.", self.s3.named(self.key)))),
            None => Ok(None),
        }
    }

    async fn complete(&self, parts: Vec<CompletedPart>, condition: &Condition) -> Result<Put> {
        let (if_absent, if_match) = condition.headers();
        let customer = self.s3.customer_key();
        let request = self
            .s3
            .client
            .complete_multipart_upload()
            .bucket(&self.s3.place.bucket)
            .key(self.s3.full(self.key))
            .upload_id(&self.id)
            .set_if_none_match(if_absent)
            .set_if_match(if_match)
            .set_sse_customer_algorithm(customer.map(|_| "AES256".to_owned()))
            .set_sse_customer_key(customer.map(|(key, _)| key.to_owned()))
            .set_sse_customer_key_md5(customer.map(|(_, md5)| md5.to_owned()))
            .multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(parts)).build());
        // Putting the parts together takes the server as long as a part takes the line. Not to be repeated: after a lost
        // answer there is no upload any more.
        let config = self.s3.patience.adapted(PART, condition).unwrap_or_default().retry_config(RetryConfig::disabled());
        let put = request.customize().config_override(config).send().await;
        let put = put.map_err(|error| self.s3.refused(&error, "written", self.key))?;
        self.is_over.store(true, Ordering::Relaxed);
        Ok(Put { etag: put.e_tag })
    }

    async fn abort(&self) {
        if !self.is_over.swap(true, Ordering::Relaxed) {
            abort(self.s3.clone(), self.key.to_owned(), self.id.clone()).await;
        }
    }
}

/// Also where the one who waited gave up: whoever drops the act in the middle leaves no paid parts behind.
impl Drop for Upload<'_> {
    fn drop(&mut self) {
        if !*self.is_over.get_mut()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(abort(self.s3.clone(), self.key.to_owned(), std::mem::take(&mut self.id)));
        }
    }
}

/// When this fails too, the bucket's own rule for unfinished uploads is what is left.
async fn abort(s3: S3, key: String, id: String) {
    let _ = s3.client.abort_multipart_upload().bucket(&s3.place.bucket).key(s3.full(&key)).upload_id(id).send().await;
}

async fn send_part(s3: S3, key: String, id: String, number: i32, bytes: Bytes) -> Result<CompletedPart> {
    let customer = s3.customer_key();
    let config = s3.patience.adapted(bytes.len() as u64, &Condition::Always).unwrap_or_default();
    let sent = s3
        .client
        .upload_part()
        .bucket(&s3.place.bucket)
        .key(s3.full(&key))
        .upload_id(id)
        .part_number(number)
        .set_sse_customer_algorithm(customer.map(|_| "AES256".to_owned()))
        .set_sse_customer_key(customer.map(|(key, _)| key.to_owned()))
        .set_sse_customer_key_md5(customer.map(|(_, md5)| md5.to_owned()))
        .body(ByteStream::from(bytes))
        .customize()
        .config_override(config)
        .send()
        .await
        .map_err(|error| s3.refused(&error, "written", &key))?;
    Ok(CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag).build())
}

/// Where the bytes come from.
enum Source {
    Bytes(Bytes),
    File { file: Arc<File>, size: u64, buffers: Buffers },
    Object { s3: S3, key: String, size: u64 },
}

enum Unread {
    Here(io::Error),
    There(StoreError),
}

/// Buffers to be used again: given back to the allocator, parts of this size stay with it, and with each of its threads.
type Buffers = Arc<Mutex<Vec<Vec<u8>>>>;

struct Lent {
    bytes: Vec<u8>,
    back_to: Buffers,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.back_to.lock().unwrap_or_else(PoisonError::into_inner).push(std::mem::take(&mut self.bytes));
    }
}

impl Source {
    async fn open(body: Body) -> io::Result<Source> {
        match body {
            Body::Bytes(bytes) => Ok(Source::Bytes(bytes)),
            Body::File(path) => {
                blocking(move || {
                    let file = open(&path)?;
                    let size = file.metadata()?.len();
                    if size < PART {
                        let mut bytes = vec![0; size as usize];
                        file.read_exact_at(&mut bytes, 0)?;
                        return Ok(Source::Bytes(bytes.into()));
                    }
                    Ok(Source::File { file: Arc::new(file), size, buffers: Buffers::default() })
                })
                .await
            }
        }
    }

    fn size(&self) -> u64 {
        match self {
            Source::Bytes(bytes) => bytes.len() as u64,
            Source::File { size, .. } | Source::Object { size, .. } => *size,
        }
    }

    async fn read(&self, offset: u64, size: u64) -> Result<Bytes, Unread> {
        match self {
            Source::Bytes(bytes) => Ok(bytes.slice(offset as usize..(offset + size) as usize)),
            Source::File { file, buffers, .. } => {
                let (file, back_to) = (Arc::clone(file), Arc::clone(buffers));
                blocking(move || {
                    let mut bytes = back_to.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
                    bytes.resize(size as usize, 0);
                    file.read_exact_at(&mut bytes, offset)?;
                    Ok(Bytes::from_owner(Lent { bytes, back_to }))
                })
                .await
                .map_err(Unread::Here)
            }
            Source::Object { s3, key, .. } => {
                let span = Span { from: offset, to: Some(offset + size) };
                s3.get(key, Some(span)).await.map_err(Unread::There)?.read_all(size as usize).await.map_err(Unread::There)
            }
        }
    }
}

/// The error says which file it was.
pub fn open(path: &Path) -> io::Result<File> {
    File::open(path).map_err(|error| io::Error::new(error.kind(), format!("{} cannot be read: {error}", path.display())))
}

/// Work on files, off the threads that serve requests.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}
