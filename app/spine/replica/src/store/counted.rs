//! Counting requests and bytes: what a store costs, and the proof that it is left alone when nothing happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;

/// As stores bill them: each part of an upload is a put, each page of a listing a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Put,
    Get,
    List,
    Delete,
    Head,
    Copy,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub put: u64,
    pub get: u64,
    pub list: u64,
    pub delete: u64,
    pub head: u64,
    pub copy: u64,
    /// Bodies of requests.
    pub bytes_up: u64,
    /// Bodies of objects.
    pub bytes_down: u64,
}

impl Counts {
    pub fn requests(&self) -> u64 {
        self.put + self.get + self.list + self.delete + self.head + self.copy
    }
}

#[derive(Debug, Default)]
pub struct Counters {
    requests: [AtomicU64; 6],
    bytes_up: AtomicU64,
    bytes_down: AtomicU64,
}

impl Counters {
    pub fn request(&self, kind: Kind) {
        self.requests[kind as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub fn up(&self, bytes: u64) {
        self.bytes_up.fetch_add(bytes, Ordering::Relaxed);
    }

    pub fn down(&self, bytes: usize) {
        self.bytes_down.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub fn read(&self) -> Counts {
        let of = |kind: Kind| self.requests[kind as usize].load(Ordering::Relaxed);
        Counts {
            put: of(Kind::Put),
            get: of(Kind::Get),
            list: of(Kind::List),
            delete: of(Kind::Delete),
            head: of(Kind::Head),
            copy: of(Kind::Copy),
            bytes_up: self.bytes_up.load(Ordering::Relaxed),
            bytes_down: self.bytes_down.load(Ordering::Relaxed),
        }
    }
}

/// Counts each attempt as it goes out, so that what the SDK repeats by itself is not free.
#[derive(Debug)]
pub struct Counting(pub Arc<Counters>);

impl Intercept for Counting {
    fn name(&self) -> &'static str {
        "Counting"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        let query = request.uri().split_once('?').map_or("", |(_, query)| query);
        let asks = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
        self.0.request(match request.method() {
            "GET" if asks("list-type") => Kind::List,
            "GET" => Kind::Get,
            "HEAD" => Kind::Head,
            "DELETE" => Kind::Delete,
            "POST" if asks("delete") => Kind::Delete,
            "PUT" if request.headers().contains_key("x-amz-copy-source") => Kind::Copy,
            _ => Kind::Put,
        });
        self.0.up(request.headers().get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0));
        Ok(())
    }
}
