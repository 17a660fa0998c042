use crate::tests::house;
use crate::{settings, store};

use super::{ACTIONS, ERRORS, OPT_OUT, read_anew};

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

#[tokio::test]
async fn how_many_actions_come_in_and_whose_is_a_setting() {
    use ingest::action::OptOut;
    let folder = tempfile::tempdir().unwrap();
    let cx = house(&folder, &[]);
    assert_eq!((cx.ingest.allowances().actions, cx.ingest.opt_out()), (3_000_000, OptOut::Anonymous));
    for (value, meant) in [("all", OptOut::All), ("ignore", OptOut::Ignore), ("anonymous", OptOut::Anonymous)] {
        cx.write(move |tx| store::set_setting(tx, OPT_OUT.key, value)).await.unwrap();
        read_anew(&cx).await;
        assert_eq!(cx.ingest.opt_out(), meant);
    }
    cx.write(|tx| store::set_setting(tx, ACTIONS.key, "9")).await.unwrap();
    read_anew(&cx).await;
    assert_eq!(cx.ingest.allowances().actions, 9);
}
