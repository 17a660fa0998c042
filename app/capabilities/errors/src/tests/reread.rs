//! Frames of built files: read when the map is there, and read again when it comes late.

use capability::frames::{Build, BuiltFrame, Frames, SourceFrame};
use capability::{Capability, House};
use ingest::pack;
use kernel::ids::ProjectId;
use kernel::{Fact, Result};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Mutex;

use super::kit::Kit;
use crate::Errors;
use crate::normal::SourceFrames;
use crate::store::{frames, hashes};

/// Stands for the keeper of maps: knows the files a test says it has.
struct Maps;

static KNOWN: Mutex<Option<HashMap<String, SourceFrame>>> = Mutex::new(None);
static HOUSE: &[&dyn Capability] = &[&Errors, &Maps];

impl Capability for Maps {
    fn name(&self) -> &'static str {
        "maps"
    }

    fn frames(&self) -> Option<&'static dyn Frames> {
        Some(&Maps)
    }
}

impl Frames for Maps {
    fn resolve(&self, _: &House, _: ProjectId, _: Build<'_>, frames: &[BuiltFrame<'_>]) -> Result<Vec<Option<SourceFrame>>> {
        let known = KNOWN.lock().unwrap();
        let find = |frame: &BuiltFrame<'_>| known.as_ref()?.get(&format!("{}:{}", frame.debug_id?, frame.column?)).cloned();
        Ok(frames.iter().map(find).collect())
    }
}

fn upload(debug_id: &str, column: u32, file: &str, function: &str) {
    let source = SourceFrame {
        file: file.into(),
        line: 20,
        column: 5,
        function: Some(function.into()),
        context_line: Some(format!("  {function}(cart)")),
        pre_context: Vec::new(),
        post_context: Vec::new(),
    };
    KNOWN.lock().unwrap().get_or_insert_default().insert(format!("{debug_id}:{column}"), source);
}

fn minified(debug_id: &str, columns: &[u32]) -> Value {
    let frames: Vec<Value> = columns
        .iter()
        .map(|column| json!({"filename": "https://shop.example/app.min.js", "function": "e", "lineno": 1, "colno": column, "in_app": true}))
        .collect();
    json!({"event_id": ingest::EventId::random().to_string(), "platform": "javascript", "release": "web@1.0.0",
           "exception": {"values": [{"type": "TypeError", "value": "x is not a function", "stacktrace": {"frames": frames}}]},
           "debug_meta": {"images": [{"type": "sourcemap", "code_file": "https://shop.example/app.min.js", "debug_id": debug_id}]}})
}

const LATE: &str = "0f8fad5b-d9cb-469f-a165-708677289501";
const EARLY: &str = "1f8fad5b-d9cb-469f-a165-708677289502";

async fn stored(kit: &Kit, item: i64) -> SourceFrames {
    let packed = kit.house.cx.telemetry.read(move |r| frames::find_frames(r, item)).await.unwrap().expect("frames are stored");
    serde_json::from_slice(&pack::unpack(&packed).unwrap()).unwrap()
}

#[tokio::test]
async fn a_map_that_is_there_names_the_issue_and_groups_it() {
    let kit = Kit::with(HOUSE).await;
    upload(EARLY, 4_711, "src/app.ts", "checkout");
    let item = kit.send_event(&minified(EARLY, &[4_711])).await;
    kit.house.digest().await;
    let id = kit.issue_of(item).await;
    assert_eq!(kit.issue(id).await.culprit, "checkout in src/app.ts");
    let own = kit.house.cx.read(move |r| hashes::hashes_of(r, id)).await.unwrap();
    assert_eq!(own[0].kind, "app");
    assert_eq!(stored(&kit, item).await.0[0].file, "src/app.ts");
    assert_eq!(kit.logged("select count(*) from errors_unread").await, 0);
}

#[tokio::test]
async fn a_map_that_comes_late_makes_old_events_readable_and_new_ones_join_their_issue() {
    let kit = Kit::with(HOUSE).await;
    let unknown = minified(LATE, &[815]);
    let item = kit.send_event(&unknown).await;
    kit.house.digest().await;
    let id = kit.issue_of(item).await;
    assert_eq!(kit.logged("select count(*) from errors_unread").await, 1);
    upload(LATE, 815, "src/cart.ts", "addToCart");
    let added = Fact::ArtifactsAdded { project: kit.project, debug_ids: vec![LATE.to_uppercase()], release: String::new(), at: kit.now() };
    kit.house.tell(added.clone()).await;
    assert_eq!(stored(&kit, item).await.0[0].function.as_deref(), Some("addToCart"));
    assert_eq!(kit.issue(id).await.culprit, "addToCart in src/cart.ts");
    assert_eq!(kit.logged("select count(*) from errors_unread").await, 0);
    assert_eq!(kit.issue_for(&minified(LATE, &[815])).await, id, "readable from the start, and no second issue");
    kit.house.tell(added).await;
    assert_eq!((kit.issues().await.len(), kit.issue(id).await.events), (1, 2));
}

#[tokio::test]
async fn a_map_of_another_project_makes_nothing_readable() {
    let kit = Kit::with(HOUSE).await;
    let debug_id = "2f8fad5b-d9cb-469f-a165-708677289503";
    let item = kit.send_event(&minified(debug_id, &[99])).await;
    kit.house.digest().await;
    upload(debug_id, 99, "src/x.ts", "x");
    kit.house
        .tell(Fact::ArtifactsAdded { project: ProjectId(99), debug_ids: vec![debug_id.into()], release: "web@1.0.0".into(), at: kit.now() })
        .await;
    assert_eq!(kit.house.cx.telemetry.read(move |r| frames::find_frames(r, item)).await.unwrap(), None);
}
