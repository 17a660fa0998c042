//! `/alerts/ack/{token}`: the link in a notice. Opening it shows a question; only the button acts.

use axum::response::IntoResponse as _;
use capability::Cx;
use web::{Html, Path, Reply, State};

use crate::engine::{Desk, life};
use crate::{ack, pages, store};

pub async fn show(State(cx): State<Cx>, Path(token): Path<String>) -> Reply {
    let id = ack::read(&cx.sealer, &token, cx.now())?;
    let alert = cx.read(move |r| store::alerts::find(r, id)).await?.ok_or_else(|| kernel::Error::not_found("alert"))?;
    let frame = capability::plain_frame("Hermetic");
    Ok(Html(frontend::plain_page(&frame, "Acknowledge this alert?", pages::ack::question(&alert, &token))).into_response())
}

pub async fn acknowledge(State(cx): State<Cx>, Path(token): Path<String>) -> Reply {
    let id = ack::read(&cx.sealer, &token, cx.now())?;
    let desk = Desk::of(&cx);
    let alert = cx
        .write(move |tx| {
            let alert = life::acknowledge(tx, &desk, id, "somebody with the link")?;
            capability::audit(tx, &web::Actor::Visitor, "alerts.alert.acknowledge", &format!("alert {id}"), "by the link of a notice")?;
            Ok(alert)
        })
        .await?;
    let frame = capability::plain_frame("Hermetic");
    Ok(Html(frontend::plain_page(&frame, "Acknowledged", pages::ack::done(&alert))).into_response())
}
