//! Stores: a bucket and a folder keep the same promises; what goes wrong is told in a sentence.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use kernel::time::Stopwatch;
use kernel::{Secret, Time};
use testkit::S3;

use crate::address::{Address, Encryption, S3Options};
use crate::store::{Body, Condition, ObjectName, Patience, PutOptions, Span, Store, StoreError, TIMESTAMP};

/// Far beyond what an answer on loopback takes, far below the client's own limits.
const SECONDS: Duration = Duration::from_secs(10);

fn options() -> S3Options {
    S3Options { access_key_id: S3::ACCESS_KEY.to_owned(), secret_access_key: Secret::new(S3::SECRET_KEY), ..S3Options::default() }
}

fn open(url: &str) -> Store {
    Store::open(&url.parse().unwrap(), &options()).unwrap()
}

/// Both kinds, each empty.
struct Stores {
    s3: S3,
    folder: tempfile::TempDir,
}

impl Stores {
    fn new() -> Self {
        Self { s3: S3::start(), folder: tempfile::tempdir().unwrap() }
    }

    fn each(&self) -> [Store; 2] {
        [open(&self.s3.url("app/db")), open(&format!("file://{}", self.folder.path().join("replica").display()))]
    }
}

fn bytes(text: &str) -> Body {
    Body::Bytes(Bytes::copy_from_slice(text.as_bytes()))
}

async fn put(store: &Store, key: &str, text: &str) -> Option<String> {
    store.put(key, bytes(text), &PutOptions::default()).await.unwrap().etag
}

async fn text(store: &Store, key: &str) -> String {
    let all = store.get(key, None).await.unwrap().read_all(1 << 20).await.unwrap();
    String::from_utf8(all.to_vec()).unwrap()
}

async fn keys(store: &Store, prefix: &str) -> Vec<String> {
    store.list(prefix).await.unwrap().into_iter().map(|listed| listed.key).collect()
}

fn noise(size: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as u8
    };
    std::iter::repeat_with(next).take(size).collect()
}

#[tokio::test]
async fn what_is_put_is_got_listed_copied_and_deleted() {
    let stores = Stores::new();
    for store in stores.each() {
        let first = put(&store, "a/one", "first").await.unwrap();
        let second = put(&store, "a/one", "second").await.unwrap();
        assert_ne!(first, second, "{store:?}");
        put(&store, "a/two words+plus", "2").await;
        put(&store, "b", "").await;
        assert_eq!(text(&store, "a/one").await, "second");
        assert_eq!(text(&store, "a/two words+plus").await, "2");
        assert_eq!(text(&store, "b").await, "");

        let head = store.head("a/one").await.unwrap().unwrap();
        assert_eq!((head.size, head.etag.as_deref()), (6, Some(second.as_str())), "{store:?}");
        assert!(head.modified > Time(1_700_000_000_000));
        assert_eq!(store.head("a/none").await.unwrap(), None);

        store.copy("a/two words+plus", "c/deep/er", &[]).await.unwrap();
        assert_eq!(text(&store, "c/deep/er").await, "2");
        assert_eq!(keys(&store, "").await, ["a/one", "a/two words+plus", "b", "c/deep/er"]);
        assert_eq!(keys(&store, "a/").await, ["a/one", "a/two words+plus"]);
        assert_eq!(keys(&store, "a/t").await, ["a/two words+plus"]);
        assert_eq!(keys(&store, "nothing/").await, Vec::<String>::new());

        assert_eq!(store.delete(&["a/one".to_owned(), "never/there".to_owned()]).await.unwrap(), []);
        assert_eq!(keys(&store, "").await, ["a/two words+plus", "b", "c/deep/er"]);
        let error = store.get("a/one", None).await.unwrap_err();
        assert!(matches!(&error, StoreError::NotFound(sentence) if sentence.contains("a/one")), "{error:?}");
        assert!(matches!(store.copy("a/one", "d", &[]).await, Err(StoreError::NotFound(_))), "{store:?}");
    }
}

#[tokio::test]
async fn metadata_and_headers_reach_the_bucket_and_are_replaced_by_a_copy() {
    let s3 = S3::start();
    let store = open(&s3.url("app"));
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let options = PutOptions {
        metadata: vec![pair(TIMESTAMP, "2026-11-23T09:19:56.553Z"), pair("hermetic-x", "1")],
        content_type: Some("text/html; charset=utf-8".to_owned()),
        cache_control: Some("max-age=60".to_owned()),
        is_public: false,
        condition: Condition::Always,
    };
    store.put("page", bytes("<p>"), &options).await.unwrap();
    let sent = s3.requests().pop().unwrap();
    let header = |name: &str| sent.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    assert_eq!((sent.method.as_str(), sent.path.as_str()), ("PUT", "/bucket/app/page"));
    assert_eq!(header("content-type").as_deref(), Some("text/html; charset=utf-8"));
    assert_eq!(header("cache-control").as_deref(), Some("max-age=60"));
    assert!(header("user-agent").unwrap().contains("app/hermetic"));
    // Compatible servers read neither chunked signatures nor the newer checksums.
    assert_eq!(header("content-encoding"), None);
    assert_eq!(header("x-amz-checksum-crc32"), None);

    let head = store.head("page").await.unwrap().unwrap();
    assert_eq!(head.metadata, [pair("hermetic-x", "1"), pair(TIMESTAMP, "2026-11-23T09:19:56.553Z")]);
    assert_eq!(store.get("page", None).await.unwrap().head.metadata, head.metadata);
    store.copy("page", "other", &[pair("hermetic-x", "2")]).await.unwrap();
    assert_eq!(store.head("other").await.unwrap().unwrap().metadata, [pair("hermetic-x", "2")]);
}

#[tokio::test]
async fn a_files_time_in_a_folder_is_the_one_litestream_restores_by() {
    let stores = Stores::new();
    let [_, store] = stores.each();
    let metadata = vec![(TIMESTAMP.to_owned(), "2026-11-23T09:19:56.553Z".to_owned())];
    store.put("one", bytes("1"), &PutOptions { metadata: metadata.clone(), ..PutOptions::default() }).await.unwrap();
    store.copy("one", "two", &metadata).await.unwrap();
    let times: Vec<_> = store.list("").await.unwrap().into_iter().map(|listed| listed.modified.rfc3339_millis()).collect();
    assert_eq!(times, ["2026-11-23T09:19:56.553Z", "2026-11-23T09:19:56.553Z"]);
}

#[tokio::test]
async fn a_listing_of_several_pages_is_whole_and_in_order() {
    let stores = Stores::new();
    // Straight into the folders below: 1 203 requests would take their time.
    let bucket = stores.s3.folder().join("app/db/0000");
    let folder = stores.folder.path().join("replica/0000");
    for place in [&bucket, &folder] {
        std::fs::create_dir_all(place).unwrap();
        for n in 0..1_203 {
            std::fs::write(place.join(format!("{n:016x}")), "x").unwrap();
        }
    }
    for store in stores.each() {
        let found = keys(&store, "0000/").await;
        let expected: Vec<String> = (0..1_203).map(|n| format!("0000/{n:016x}")).collect();
        assert_eq!(found, expected, "{store:?}");
        assert_eq!(store.delete(&found).await.unwrap(), []);
        assert_eq!(keys(&store, "").await, Vec::<String>::new());
    }
    let pages = stores.s3.requests().iter().filter(|request| request.query.contains("list-type")).count();
    assert_eq!(pages, 3);
}

#[tokio::test]
async fn keys_outside_the_path_are_not_listed() {
    let stores = Stores::new();
    for key in ["app/db/own", "app/db2/other", "app/dbx", "top"] {
        let path = stores.s3.folder().join(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "x").unwrap();
    }
    let [bucket, _] = stores.each();
    assert_eq!(keys(&bucket, "").await, ["own"]);
    assert_eq!(keys(&open(&stores.s3.url("")), "").await, ["app/db/own", "app/db2/other", "app/dbx", "top"]);
}

#[tokio::test]
async fn files_that_are_not_whole_are_not_listed() {
    let stores = Stores::new();
    let [_, store] = stores.each();
    put(&store, "ltx/0/one", "1").await;
    let folder = stores.folder.path().join("replica/ltx/0");
    std::fs::write(folder.join("two.tmp"), "half").unwrap();
    std::fs::write(folder.join(".hidden"), "x").unwrap();
    assert_eq!(keys(&store, "").await, ["ltx/0/one"]);
    assert_eq!(store.head("ltx/0").await.unwrap(), None, "a folder is no object");
}

#[tokio::test]
async fn keys_that_lead_elsewhere_are_refused_before_anything_happens() {
    let stores = Stores::new();
    for store in stores.each() {
        for key in ["", "/a", "a/", "a//b", "../a", "a/../b", "a/.b", "a\nb", "a.tmp"] {
            let error = store.put(key, bytes("x"), &PutOptions::default()).await.unwrap_err();
            assert!(matches!(error, StoreError::Invalid(_)), "{key:?}: {error:?}");
            assert!(store.get(key, None).await.is_err() && store.delete(&[key.to_owned()]).await.is_err(), "{key:?}");
        }
        assert_eq!(store.counts().requests(), 0);
    }
}

#[tokio::test]
async fn a_part_of_an_object_is_read_without_the_rest() {
    let stores = Stores::new();
    for store in stores.each() {
        put(&store, "ten", "0123456789").await;
        let part = |from, to| {
            let store = store.clone();
            async move {
                let object = store.get("ten", Some(Span { from, to })).await?;
                assert_eq!(object.head.size, 10);
                Ok::<_, StoreError>(String::from_utf8(object.read_all(100).await?.to_vec()).unwrap())
            }
        };
        assert_eq!(part(2, Some(5)).await.unwrap(), "234");
        assert_eq!(part(7, None).await.unwrap(), "789");
        assert_eq!(part(7, Some(99)).await.unwrap(), "789");
        assert_eq!(part(0, None).await.unwrap(), "0123456789");
        assert!(matches!(part(10, None).await, Err(StoreError::Invalid(_))), "{store:?}");
        assert_eq!(store.counts().bytes_down, 3 + 3 + 3 + 10);
        let all = store.get("ten", None).await.unwrap().read_all(9).await;
        assert!(matches!(all, Err(StoreError::Invalid(_))));
    }
}

#[tokio::test]
async fn a_large_file_goes_in_parts_and_comes_back_the_same() {
    let stores = Stores::new();
    let content = noise((20 << 20) + 123);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&content).unwrap();
    for store in stores.each() {
        let options = PutOptions { metadata: vec![("hermetic-x".to_owned(), "1".to_owned())], ..PutOptions::default() };
        let put = store.put("large", Body::File(file.path().to_owned()), &options).await.unwrap();
        let mut object = store.get("large", None).await.unwrap();
        assert_eq!((object.head.size, &object.head.etag), (content.len() as u64, &put.etag));
        let mut at = 0;
        while let Some(chunk) = object.chunk().await.unwrap() {
            assert!(chunk == content[at..at + chunk.len()], "differs after {at}");
            at += chunk.len();
        }
        assert_eq!(at, content.len());
        // Bytes take the same way.
        store.put("again", Body::Bytes(Bytes::from(content.clone())), &PutOptions::default()).await.unwrap();
        assert_eq!(store.head("again").await.unwrap().unwrap().size, content.len() as u64);
    }
    let [bucket, _] = stores.each();
    assert_eq!(bucket.head("large").await.unwrap().unwrap().metadata, [("hermetic-x".to_owned(), "1".to_owned())]);
    let mut kinds = BTreeMap::new();
    for request in stores.s3.requests().iter().filter(|request| request.path.ends_with("/large")) {
        let kind = if request.query.contains("partNumber") { "part" } else { request.query.split('=').next().unwrap_or_default() };
        *kinds.entry(format!("{} {kind}", request.method)).or_insert(0) += 1;
        let length: u64 = request.headers.get("content-length").map_or(0, |length| length.to_str().unwrap().parse().unwrap());
        assert!(length <= 8 << 20, "a part of {length} bytes");
    }
    assert_eq!(kinds["PUT part"], 3, "{kinds:?}");
    assert_eq!(kinds["POST uploads"], 1, "{kinds:?}");
    assert_eq!(kinds["POST uploadId"], 1, "{kinds:?}");
}

#[tokio::test]
async fn an_upload_that_fails_leaves_no_parts_behind() {
    let s3 = S3::start();
    let store = open(&s3.url("app"));
    put(&store, "large", "there already").await;
    let options = PutOptions { condition: Condition::IfAbsent, ..PutOptions::default() };
    let error = store.put("large", Body::Bytes(Bytes::from(noise(9 << 20))), &options).await.unwrap_err();
    assert!(matches!(error, StoreError::Condition(_)), "{error:?}");
    assert_eq!(text(&store, "large").await, "there already");
    assert_eq!(s3.requests().iter().filter(|request| request.method == "DELETE" && request.query.contains("uploadId")).count(), 1);

    // Whoever waits may give up in the middle.
    s3.log().clear();
    let options = PutOptions::default();
    tokio::select! {
        put = store.put("other", Body::Bytes(Bytes::from(noise(30 << 20))), &options) => panic!("it was not given up: {put:?}"),
        _ = s3.log().wait_until(SECONDS, |request| request.query.contains("partNumber")) => {}
    }
    let abort = s3.log().wait_until(SECONDS, |request| request.method == "DELETE").await;
    assert!(abort.query.contains("uploadId"), "{abort:?}");
}

#[tokio::test]
async fn conditions_hold() {
    let stores = Stores::new();
    for store in stores.each() {
        let try_put = |text: &'static str, condition| {
            let store = store.clone();
            async move { store.put("lock.json", bytes(text), &PutOptions { condition, ..PutOptions::default() }).await }
        };
        let is_condition = |result| matches!(result, Err(StoreError::Condition(_)));
        assert!(is_condition(try_put("0", Condition::IfMatch("\"none\"".to_owned())).await), "{store:?}");
        let first = try_put("1", Condition::IfAbsent).await.unwrap().etag.unwrap();
        assert!(is_condition(try_put("2", Condition::IfAbsent).await), "{store:?}");
        let second = try_put("3", Condition::IfMatch(first.clone())).await.unwrap().etag.unwrap();
        assert!(is_condition(try_put("4", Condition::IfMatch(first)).await), "{store:?}");
        assert_eq!(store.head("lock.json").await.unwrap().unwrap().etag, Some(second));
        assert_eq!(text(&store, "lock.json").await, "3");
        assert!(store.probe_conditions().await.unwrap(), "{store:?}");
        assert_eq!(keys(&store, "").await, ["lock.json"], "the probe is gone again");
    }
}

#[tokio::test]
async fn only_one_of_many_wins_a_condition_in_a_folder() {
    let stores = Stores::new();
    let [_, store] = stores.each();
    let all = (0..20).map(|n| {
        let store = store.clone();
        tokio::spawn(async move {
            let options = PutOptions { condition: Condition::IfAbsent, ..PutOptions::default() };
            store.put("lock.json", bytes(&n.to_string()), &options).await
        })
    });
    let mut won = 0;
    for one in all.collect::<Vec<_>>() {
        won += u32::from(one.await.unwrap().is_ok());
    }
    assert_eq!(won, 1);
}

#[tokio::test]
async fn a_store_that_ignores_conditions_is_found_out() {
    let s3 = S3::start();
    s3.set_ignores_conditions(true);
    let store = open(&s3.url("app"));
    assert!(!store.probe_conditions().await.unwrap());
    assert_eq!(keys(&store, "").await, Vec::<String>::new());
}

#[tokio::test]
async fn a_store_that_lets_nobody_delete_says_so_for_each_key() {
    let stores = Stores::new();
    stores.s3.set_forbids_delete(true);
    let [bucket, _] = stores.each();
    put(&bucket, "one", "1").await;
    let refused = bucket.delete(&["one".to_owned(), "two".to_owned()]).await.unwrap();
    assert_eq!(refused.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["one", "two"]);
    assert!(refused[0].1.contains("AccessDenied"), "{refused:?}");
    assert_eq!(keys(&bucket, "").await, ["one"]);
    assert!(bucket.probe_conditions().await.unwrap(), "it can be asked all the same");
}

#[tokio::test]
async fn a_wrong_secret_is_denied_and_not_told() {
    let s3 = S3::start();
    let wrong = S3Options { secret_access_key: Secret::new("not-the-secret"), ..options() };
    let store = Store::open(&s3.url("app").parse().unwrap(), &wrong).unwrap();
    let error = store.put("one", bytes("1"), &PutOptions::default()).await.unwrap_err();
    let StoreError::Denied(sentence) = &error else { panic!("{error:?}") };
    assert!(sentence.contains("s3://bucket/app/one") && sentence.contains("access key"), "{sentence}");
    assert!(store.head("one").await.is_err_and(|error| matches!(error, StoreError::Denied(_))));
    assert!(store.delete(&["one".to_owned()]).await.is_err_and(|error| matches!(error, StoreError::Denied(_))));
    for shown in [sentence.clone(), format!("{store:?}"), format!("{wrong:?}")] {
        assert!(!shown.contains("not-the-secret"), "{shown}");
    }
}

#[tokio::test]
async fn a_missing_bucket_is_named() {
    let s3 = S3::start();
    let store = open(&s3.url("app").replace("s3://bucket/", "s3://elsewhere/"));
    let errors = [
        store.put("one", bytes("1"), &PutOptions::default()).await.unwrap_err(),
        store.list("").await.unwrap_err(),
        store.get("one", None).await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(&error, StoreError::Invalid(sentence) if sentence.contains("The bucket elsewhere does not exist")), "{error:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_down_is_told_within_seconds_and_found_again() {
    let s3 = S3::start();
    let store = open(&s3.url("app"));
    put(&store, "one", "1").await;
    s3.set_down(true);
    let watch = Stopwatch::start();
    let error = store.put("one", bytes("2"), &PutOptions::default()).await.unwrap_err();
    assert!(watch.elapsed() < SECONDS, "{:?}", watch.elapsed());
    assert!(error.is_worth_a_retry(), "{error:?}");
    let sentence = error.to_string();
    assert!(sentence.contains("s3://bucket/app/one") && sentence.contains(&s3.endpoint()) && sentence.contains("refused"), "{sentence}");
    s3.set_down(false);
    put(&store, "one", "3").await;
    assert_eq!(text(&store, "one").await, "3");

    s3.set_fails(true);
    let error = store.list("").await.unwrap_err();
    assert!(error.is_worth_a_retry() && error.to_string().contains("503"), "{error}");
}

#[tokio::test]
async fn a_conditional_put_is_never_repeated_by_itself() {
    let s3 = S3::start();
    let store = open(&s3.url("app"));
    s3.set_fails(true);
    let options = PutOptions { condition: Condition::IfAbsent, ..PutOptions::default() };
    assert!(store.put("lock.json", bytes("1"), &options).await.unwrap_err().is_worth_a_retry());
    assert_eq!(s3.requests().len(), 1);
    assert!(store.put("lock.json", bytes("1"), &PutOptions::default()).await.is_err());
    assert_eq!(s3.requests().len(), 3, "another one is, once");
    assert_eq!(store.counts().put, 3, "and each attempt is counted");
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_taken_up_where_it_ended() {
    let s3 = S3::start();
    let store = open(&s3.url("app"));
    let content = noise(100_000);
    store.put("one", Body::Bytes(Bytes::from(content.clone())), &PutOptions::default()).await.unwrap();
    s3.cut_bodies(2);
    let got = store.get("one", None).await.unwrap().read_all(1 << 20).await.unwrap();
    assert!(got == content);
    let ranges: Vec<_> =
        s3.requests().iter().filter(|request| request.method == "GET").map(|request| request.headers.get("range").cloned()).collect();
    assert_eq!(ranges.len(), 3, "{ranges:?}");
    assert!(ranges[0].is_none() && ranges[1].is_some() && ranges[1] != ranges[2], "{ranges:?}");

    // However often: each time it came further.
    s3.cut_bodies(5);
    let content = noise(1 << 20);
    store.put("two", Body::Bytes(Bytes::from(content.clone())), &PutOptions::default()).await.unwrap();
    let got = store.get("two", None).await.unwrap().read_all(1 << 20).await.unwrap();
    assert!(got == content);

    // But not for ever where nothing comes any more.
    s3.cut_bodies(1);
    let mut object = store.get("two", None).await.unwrap();
    object.chunk().await.unwrap();
    s3.set_fails(true);
    let error = object.read_all(1 << 20).await.unwrap_err();
    assert!(error.is_worth_a_retry() && error.to_string().contains("app/two"), "{error}");
}

#[tokio::test]
async fn a_store_that_neither_copies_nor_deletes_many_at_once_is_served_all_the_same() {
    let s3 = S3::start();
    s3.set_plain(true);
    let store = open(&s3.url("app"));
    put(&store, "small", "1").await;
    let large = noise((17 << 20) + 5);
    store.put("large", Body::Bytes(Bytes::from(large.clone())), &PutOptions::default()).await.unwrap();
    let metadata = vec![("hermetic-x".to_owned(), "1".to_owned())];
    for key in ["small", "large"] {
        let copy = format!("copies/{key}");
        store.copy(key, &copy, &metadata).await.unwrap();
        assert_eq!(store.head(&copy).await.unwrap().unwrap().metadata, metadata);
    }
    assert_eq!(text(&store, "copies/small").await, "1");
    assert!(store.get("copies/large", None).await.unwrap().read_all(1 << 25).await.unwrap() == large);
    assert!(matches!(store.copy("none", "other", &[]).await, Err(StoreError::NotFound(_))));

    let gone: Vec<String> = ["small", "large", "never/there"].map(str::to_owned).into();
    assert_eq!(store.delete(&gone).await.unwrap(), []);
    assert_eq!(keys(&store, "").await, ["copies/large", "copies/small"]);
    s3.set_plain(false);
    s3.set_forbids_delete(true);
    assert_eq!(store.delete(&["copies/small".to_owned()]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_a_server_does_not_know_is_not_tried_again_and_what_it_cannot_do_now_is() {
    use testkit::fakes::{Play, Reply, Sink};
    let sink = Sink::start();
    let store = open(&format!("s3://bucket/app?endpoint={}", sink.url("")));
    for (code, is_worth_a_retry) in [(405, false), (501, false), (500, true), (502, true), (503, true), (504, true), (507, true)] {
        sink.set(Play::Answer(Reply::new(code)));
        let error = store.put("one", bytes("1"), &PutOptions::default()).await.unwrap_err();
        assert_eq!(error.is_worth_a_retry(), is_worth_a_retry, "{code}: {error}");
    }
    // One that deletes nothing at all: each key is told as refused.
    sink.set(Play::Answer(Reply::new(501)));
    let refused = store.delete(&["one".to_owned(), "two".to_owned()]).await.unwrap();
    assert!(refused.len() == 2 && refused[0].1.contains("501"), "{refused:?}");
}

#[tokio::test]
async fn what_has_a_customers_key_is_of_use_with_that_key_only() {
    let s3 = S3::start();
    let with = |encryption| Store::open(&s3.url("app").parse().unwrap(), &S3Options { encryption, ..options() }).unwrap();
    let key = |byte: u8| Encryption::CustomerKey(Secret::new(base64_of(&[byte; 32])));
    let (ours, theirs, none) = (with(key(1)), with(key(2)), with(Encryption::Default));
    put(&ours, "small", "1").await;
    let large = noise((9 << 20) + 5);
    ours.put("large", Body::Bytes(Bytes::from(large.clone())), &PutOptions::default()).await.unwrap();
    ours.copy("small", "copy", &[]).await.unwrap();
    ours.copy("large", "large copy", &[]).await.unwrap();
    for (object, size) in [("small", 1), ("large", large.len()), ("copy", 1), ("large copy", large.len())] {
        assert_eq!(ours.get(object, None).await.unwrap().read_all(1 << 24).await.unwrap().len(), size, "{object}");
        assert!(ours.head(object).await.unwrap().is_some());
        for other in [&theirs, &none] {
            assert!(matches!(other.get(object, None).await, Err(StoreError::Invalid(_))), "{object}");
            assert!(matches!(other.head(object).await, Err(StoreError::Invalid(_))), "{object}");
            assert!(matches!(other.copy(object, "stolen", &[]).await, Err(StoreError::Invalid(_))), "{object}");
        }
    }
    // Also by way of this machine.
    s3.set_plain(true);
    ours.copy("large", "by hand", &[]).await.unwrap();
    assert!(none.head("by hand").await.is_err());
    assert!(ours.get("by hand", None).await.unwrap().read_all(1 << 24).await.unwrap() == large);
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[tokio::test]
async fn an_object_that_is_replaced_while_it_is_read_is_not_mixed() {
    let s3 = S3::start();
    let store = open(&s3.url("app"));
    store.put("one", Body::Bytes(Bytes::from(noise(100_000))), &PutOptions::default()).await.unwrap();
    s3.cut_bodies(1);
    let object = store.get("one", None).await.unwrap();
    store.put("one", Body::Bytes(Bytes::from(vec![7; 100_000])), &PutOptions::default()).await.unwrap();
    let read = object.read_all(1 << 20).await;
    assert!(matches!(read, Err(StoreError::Condition(_))), "{:?}", read.map(|bytes| bytes.len()));
}

#[tokio::test]
async fn what_was_done_is_counted_and_nothing_else_is_sent() {
    let stores = Stores::new();
    for store in stores.each() {
        put(&store, "one", "12345").await;
        text(&store, "one").await;
        store.head("one").await.unwrap();
        store.list("").await.unwrap();
        store.copy("one", "two", &[]).await.unwrap();
        store.delete(&["one".to_owned(), "two".to_owned()]).await.unwrap();
        let counts = store.counts();
        assert_eq!((counts.put, counts.get, counts.head, counts.list, counts.copy, counts.delete), (1, 1, 1, 1, 1, 1), "{store:?}");
        assert_eq!(counts.bytes_down, 5);
        assert!(counts.bytes_up >= 5, "{counts:?}");
        assert_eq!(store.clone().counts(), counts, "clones count together");
    }
    assert_eq!(stores.s3.requests().len(), 6);
}

#[tokio::test]
async fn encryption_by_the_server_is_asked_for_in_each_act_that_needs_it() {
    let s3 = S3::start();
    let key = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
    let with = |encryption| Store::open(&s3.url("app").parse().unwrap(), &S3Options { encryption, ..options() });
    let store = with(Encryption::CustomerKey(Secret::new(key))).unwrap();
    put(&store, "one", "1").await;
    text(&store, "one").await;
    store.head("one").await.unwrap();
    store.copy("one", "two", &[]).await.unwrap();
    for request in s3.requests() {
        let header = |name: &str| request.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(header("x-amz-server-side-encryption-customer-algorithm").as_deref(), Some("AES256"), "{request:?}");
        assert_eq!(header("x-amz-server-side-encryption-customer-key").as_deref(), Some(key));
        assert_eq!(header("x-amz-server-side-encryption-customer-key-MD5").as_deref(), Some("hRasmdxgYDKV3nvbahU1MA=="));
    }
    assert!(s3.requests()[3].headers.contains_key("x-amz-copy-source-server-side-encryption-customer-key"));
    assert!(!format!("{store:?}").contains(key));

    s3.log().clear();
    put(&with(Encryption::Kms("alias/ours".to_owned())).unwrap(), "three", "3").await;
    let headers = s3.requests().remove(0).headers;
    assert_eq!(headers["x-amz-server-side-encryption"], "aws:kms");
    assert_eq!(headers["x-amz-server-side-encryption-aws-kms-key-id"], "alias/ours");

    let error = with(Encryption::CustomerKey(Secret::new("c2hvcnQ="))).unwrap_err();
    assert!(matches!(&error, StoreError::Invalid(sentence) if sentence.contains("32 bytes") && !sentence.contains("c2hvcnQ")), "{error:?}");
}

#[tokio::test]
async fn another_authority_is_trusted_where_its_certificate_is_given() {
    use testkit::fakes::{Play, Reply, Sink, TlsPlay, ca_pem};
    let sink = Sink::start_tls(TlsPlay::Valid, &[]);
    sink.set(Play::Answer(Reply::new(200).header("etag", "\"1\"")));
    let address: Address = format!("s3://bucket/app?endpoint={}", sink.url("")).parse().unwrap();
    let with = |ca_pem: Option<String>| Store::open(&address, &S3Options { ca_pem, ..options() });

    let error = with(None).unwrap().put("one", bytes("1"), &PutOptions::default()).await.unwrap_err();
    assert!(error.is_worth_a_retry() && error.to_string().contains("certificate"), "{error}");
    let put = with(Some(ca_pem())).unwrap().put("one", bytes("1"), &PutOptions::default()).await.unwrap();
    assert_eq!(put.etag.as_deref(), Some("\"1\""));
    for wrong in ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        assert!(matches!(with(Some(wrong.to_owned())), Err(StoreError::Invalid(_))), "{wrong:?}");
    }
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("file");
    std::fs::write(&blocked, "not a folder").unwrap();
    let store = open(blocked.join("replica").to_str().unwrap());
    let error = store.put("one", bytes("1"), &PutOptions::default()).await.unwrap_err();
    assert!(error.to_string().contains(blocked.to_str().unwrap()), "{error}");
    assert_eq!(keys(&store, "").await, Vec::<String>::new());
}

#[tokio::test]
async fn a_file_that_is_not_there_cannot_be_put_and_is_named() {
    let stores = Stores::new();
    let missing = stores.folder.path().join("none");
    for store in stores.each() {
        let error = store.put("one", Body::File(missing.clone()), &PutOptions::default()).await.unwrap_err();
        let StoreError::Invalid(sentence) = &error else { panic!("{error:?}") };
        assert!(sentence.contains("/one ") && sentence.contains(missing.to_str().unwrap()), "{sentence}");
        assert!(store.list("").await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_in_time() {
    use testkit::fakes::{Play, Reply, Sink, Tcp};
    let patience = Patience { connect: Duration::from_millis(200), idle: Duration::from_millis(500) };
    let with = |endpoint: String| {
        Store::open_with(&format!("s3://bucket/app?endpoint={endpoint}").parse().unwrap(), &options(), patience).unwrap()
    };
    let given_up = async |act: &mut (dyn Future<Output = Result<(), StoreError>> + Unpin)| {
        let error = tokio::time::timeout(3 * SECONDS, act).await.expect("it is given up in time").expect_err("nobody answered");
        assert!(error.is_worth_a_retry(), "{error:?}");
    };
    let megabyte = Body::Bytes(Bytes::from(vec![0; 1 << 20]));
    let (plain, absent) = (PutOptions::default(), PutOptions { condition: Condition::IfAbsent, ..PutOptions::default() });

    // Nobody takes the connection; also not where an act has a limit of its own, which is longer than the test waits.
    let hole = Tcp::black_hole();
    let store = with(format!("http://{}", hole.address()));
    given_up(&mut Box::pin(async { store.put("one", bytes("1"), &plain).await.map(|_| ()) })).await;
    given_up(&mut Box::pin(async { store.put("one", bytes("1"), &absent).await.map(|_| ()) })).await;
    given_up(&mut Box::pin(async { store.put("one", megabyte.clone(), &plain).await.map(|_| ()) })).await;
    given_up(&mut Box::pin(store.copy("one", "two", &[]))).await;

    let sink = Sink::start();
    sink.set(Play::Hang);
    let store = with(sink.url(""));
    given_up(&mut Box::pin(async { store.put("one", bytes("1"), &plain).await.map(|_| ()) })).await;
    given_up(&mut Box::pin(async { store.list("").await.map(|_| ()) })).await;

    sink.set(Play::HangInBody(Reply::new(200).header("etag", "\"1\"").body(vec![b'x'; 10_000])));
    let object = store.get("one", None).await.unwrap();
    sink.set(Play::Hang);
    given_up(&mut Box::pin(async { object.read_all(1 << 20).await.map(|_| ()) })).await;
}

#[test]
fn a_bucket_without_credentials_is_refused_at_once() {
    let error = Store::open(&"s3://bucket/app".parse().unwrap(), &S3Options::default()).unwrap_err();
    assert!(error.to_string().contains("access key"), "{error}");
}

#[test]
fn litestreams_names_differ_between_a_bucket_and_a_folder() {
    let name = ObjectName { level: 10, min: 1, max: 0x1f };
    let bucket = open("s3://bucket/app");
    let folder = open("/var/backups/app");
    assert_eq!(bucket.object_key(name), "000a/0000000000000001-000000000000001f.ltx");
    assert_eq!(folder.object_key(name), "ltx/10/0000000000000001-000000000000001f.ltx");
    for store in [&bucket, &folder] {
        let key = store.object_key(name);
        assert!(key.starts_with(&store.level_prefix(10)));
        assert_eq!(store.parse_object_key(&key), Some(name));
        let wrong = [
            "lock.json".to_owned(),
            key.replace(".ltx", ".ltx.tmp"),
            key.replace("1f", "1F"),
            key.replace("1-", "2f-"),
            format!("x/{key}"),
        ];
        for key in wrong {
            assert_eq!(store.parse_object_key(&key), None, "{key}");
        }
    }
    assert_eq!(bucket.parse_object_key(&folder.object_key(name)), None);
    assert_eq!(folder.parse_object_key("ltx/010/0000000000000001-000000000000001f.ltx"), None);
}

#[test]
fn an_address_is_read_as_litestream_reads_it_and_written_again() {
    let address = |text: &str| text.parse::<Address>();
    let Ok(Address::S3(place)) = address("s3://my-bucket/a/b%20c/?endpoint=localhost:9000&region=eu-1&forcePathStyle=false") else {
        panic!()
    };
    assert_eq!((place.bucket.as_str(), place.path.as_str(), place.region.as_str()), ("my-bucket", "a/b c", "eu-1"));
    assert_eq!((place.endpoint.as_deref(), place.force_path_style), (Some("https://localhost:9000"), false));
    let Ok(Address::S3(place)) = address("s3://b?endpoint=http://127.0.0.1:1") else { panic!() };
    assert_eq!((place.path.as_str(), place.region.as_str(), place.force_path_style), ("", "us-east-1", true));
    let Ok(Address::S3(place)) = address("s3://b/x") else { panic!() };
    assert!(!place.force_path_style && place.endpoint.is_none());
    assert_eq!(address("/var//lib/x/").unwrap(), Address::Folder("/var/lib/x".into()));
    assert_eq!(address("file:///var/lib/x").unwrap(), Address::Folder("/var/lib/x".into()));

    for text in ["s3://b/a%20b?endpoint=http://h:1&region=r&force-path-style=false", "s3://b", "/var/x y", "s3://b/a+b?region=auto"] {
        let first = address(text).unwrap();
        assert_eq!(address(&first.to_string()).unwrap(), first, "{first}");
    }
    let wrong = [
        "",
        "relative/path",
        "/",
        "s3://",
        "s3://b:80/x",
        "https://b/x",
        "s3://b/x?secret=1",
        "s3://b/a%2F..%2Fb",
        "/a/../b",
        "s3://b/x?force-path-style=maybe",
        "s3://key:secret@b/x",
        "s3://b/x?endpoint=ftp://h",
        "s3://b/x?endpoint=https://u:secret@h",
    ];
    for text in wrong {
        let error = address(text).unwrap_err().to_string();
        assert!(error.starts_with("This address cannot be used: ") && !error.contains("secret="), "{text}: {error}");
    }
}
