//! Every embedded file, in each encoding it has.

use super::*;
use crate::{Access, asset_handler};

#[tokio::test]
async fn serves_every_embedded_file_as_it_was_built() {
    let site = Site::start(|routes| routes.get("/assets/{*path}", Access::Open, asset_handler)).await;
    assert!(!assets::all().is_empty());
    for asset in assets::all() {
        for (accepted, packed, name) in [("br, gzip", asset.br, "br"), ("gzip", asset.gzip, "gzip"), ("identity", None, "")] {
            let got = call("GET", asset.path).with("accept-encoding", accepted).send(&site).await;
            assert_eq!((got.code, got.header("content-type")), (200, asset.content_type), "{}", asset.path);
            assert_eq!(got.header("cache-control"), "public, max-age=31536000, immutable");
            if let Some(packed) = packed {
                assert_eq!(got.header("content-encoding"), name);
                assert!(got.body == packed, "{} as {name}", asset.path);
            }
        }
        let again = call("GET", asset.path).with("if-none-match", asset.etag).send(&site).await;
        assert_eq!((again.code, again.body.len()), (304, 0));
        assert!(again.header("cache-control").contains("immutable"));
    }
    for path in ["/assets/missing.css", "/assets/../Cargo.toml", "/assets/%2e%2e/Cargo.toml"] {
        assert_eq!(site.get(path).await.code, 404, "{path}");
    }
}
