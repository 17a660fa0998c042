//! What a page, the API and the gauges show of the copies: taken from memory, without a request to any destination.

use capability::Cx;
use db::File;
use kernel::{Result, Time};
use replica::engine::{DestinationStatus, Status};
use replica::levels::Windows;
use std::time::Duration;

use crate::model::condition::{State, lag};
use crate::model::cost::{Cost, Prices, estimate};
use crate::model::timeline::{Timeline, timeline};
use crate::{Copies, FILES};

/// One file and its copies.
pub struct FileLook {
    pub file: File,
    pub status: Status,
    pub windows: Windows,
    pub copies: Vec<CopyLook>,
}

pub struct CopyLook {
    /// `s3://bucket/path`, without credentials.
    pub address: String,
    pub state: State,
    /// What is there can be read from here.
    pub is_readable: bool,
    pub lag: Duration,
    pub status: DestinationStatus,
    pub timeline: Timeline,
    /// `None` while it is too early to tell.
    pub cost: Option<Cost>,
}

pub struct Overview {
    pub now: Time,
    pub started_at: Time,
    pub prices: Prices,
    pub files: Vec<FileLook>,
}

impl Overview {
    /// `None` where nothing is copied.
    pub async fn take(cx: &Cx) -> Result<Option<Overview>> {
        let Some(copies) = Copies::of(cx) else { return Ok(None) };
        let prices = cx.read(crate::settings::prices).await?;
        let (now, started_at) = (cx.now(), cx.started_at);
        let files = FILES.map(|file| look_at(&copies, file, &prices, started_at, now)).into();
        Ok(Some(Overview { now, started_at, prices, files }))
    }

    pub fn copies(&self) -> impl Iterator<Item = (&FileLook, &CopyLook)> {
        self.files.iter().flat_map(|file| file.copies.iter().map(move |copy| (file, copy)))
    }
}

fn look_at(copies: &Copies, file: File, prices: &Prices, started_at: Time, now: Time) -> FileLook {
    let replica = copies.replica(file);
    let (status, windows) = (replica.status(), replica.options().windows);
    let looks = status.destinations.iter().map(|copy| {
        let place = copies.places.iter().find(|place| place.name == copy.name);
        CopyLook {
            address: place.map(|place| place.address.child(file.file_name()).to_string()).unwrap_or_default(),
            state: State::of(copy),
            is_readable: copies.is_readable(&copy.name),
            lag: lag(copy, now),
            timeline: replica.look(&copy.name, |listing| timeline(listing, &windows, now)).unwrap_or_default(),
            cost: estimate(&copy.counts, copy.bytes, now.since(started_at), prices),
            status: copy.clone(),
        }
    });
    FileLook { file, copies: looks.collect(), windows, status }
}
