//! The audit log, newest first.

use frontend::prelude::*;
use identity::model::Audit;
use kernel::paging::Page;

pub(crate) fn show(audits: &Page<Audit>, is_later_page: bool) -> View {
    let row = |audit: &Audit| {
        Row::new(vec![moment(audit.created_at), paragraph(&audit.actor), code(&audit.act), paragraph(&audit.subject), muted(&audit.detail)])
    };
    let list = table(Table {
        caption: "Audit log",
        heads: &[Head::text("When"), Head::text("Who"), Head::text("Act"), Head::text("What"), Head::text("Detail")],
        rows: audits.rows.iter().map(row).collect(),
        empty: EmptyState {
            title: "Nothing here yet",
            sentence: "Every change that somebody makes is noted here with its author.",
            actions: vec![link_button("/console", "Go home", Look::Plain)],
        },
    });
    let head =
        PageHead { title: "Audit log", lead: "Who did what, when. Kept for 400 days; nobody can change it here.", ..PageHead::default() };
    stack(vec![
        page_head(head),
        card(Card { is_flush: true, ..Card::default() }, list),
        super::steps("/console/audit".into(), is_later_page, audits.next),
    ])
}
