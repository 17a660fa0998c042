//! Any JSON as a container of spans or a transaction: read, put in order, each span at most once.
#![no_main]

use fuzz::traces::model::{arrange, read};
use ingest::{Item, Kind};
use kernel::Time;
use kernel::ids::ProjectId;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(payload) = serde_json::from_slice(bytes) else { return };
    for kind in [Kind::Spans, Kind::Transaction] {
        let item = Item::sample(1, ProjectId(1), kind, Time(1_772_452_800_000), b"{}");
        let spans = read::spans(&item, &payload);
        let lines = arrange::arrange(&spans);
        assert!(lines.len() <= spans.len());
        let _ = arrange::largest_gap(&spans);
    }
});
