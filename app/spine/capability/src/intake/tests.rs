use crate::tests::house;
use crate::{settings, store};

use super::{ERRORS, read_anew};

#[tokio::test]
async fn a_limit_that_another_process_has_set_is_obeyed_without_a_new_start() {
    let folder = tempfile::tempdir().unwrap();
    let cx = house(&folder, &[]);
    // As the command line leaves it: in the table, and nobody here is told.
    cx.write(|tx| store::set_setting(tx, ERRORS.key, "7")).await.unwrap();
    assert_eq!(cx.ingest.allowances().errors, 300_000);
    read_anew(&cx).await;
    assert_eq!(cx.ingest.allowances().errors, 7);
    cx.write(|tx| settings::clear(tx, &ERRORS)).await.unwrap();
    read_anew(&cx).await;
    assert_eq!(cx.ingest.allowances().errors, 300_000);
}
