//! Any bytes as a packed envelope: refused or split, never a panic, never more than the caps. What the scrubber leaves is JSON again,
//! and scrubbing it once more changes nothing.
#![no_main]

use ingest::encoding::{Caps, Encoding, decode};
use ingest::scrub::Scrubber;
use ingest::{Kind, envelope};
use kernel::Time;
use kernel::ids::ProjectId;
use libfuzzer_sys::fuzz_target;

fn scrubber() -> Scrubber {
    let project = identity::projects::Project {
        id: ProjectId(1),
        slug: "web".into(),
        name: "Web".into(),
        platform: String::new(),
        allowed_origins: Vec::new(),
        keeps_addresses: false,
        scrub_fields: vec!["plan".into()],
        safe_fields: Vec::new(),
        created_at: Time(0),
    };
    Scrubber::for_project(&project)
}

fuzz_target!(|bytes: &[u8]| {
    let Some((first, body)) = bytes.split_first() else { return };
    let layers: &[Encoding] = match first % 8 {
        0 => &[Encoding::Gzip],
        1 => &[Encoding::Deflate],
        2 => &[Encoding::Brotli],
        3 => &[Encoding::Zstd],
        _ => &[],
    };
    let caps = Caps { bytes: 4 << 20, ..Caps::STANDARD };
    let Ok(plain) = decode(body.to_vec(), layers, caps, &mut |_| Ok(())) else { return };
    assert!(plain.len() <= caps.bytes.max(body.len()));
    let Ok(split) = envelope::parse(&plain) else { return };
    let scrubber = scrubber();
    for item in split.items {
        let kind = Kind::from_item_type(&item.header.kind).unwrap_or(Kind::Event);
        let Ok(scrubbed) = scrubber.scrub(kind, item.payload) else { continue };
        let Ok(again) = scrubber.scrub(kind, &scrubbed.bytes) else { panic!("what was scrubbed is refused") };
        assert_eq!(again.bytes, scrubbed.bytes);
    }
});
