//! Contacts and visitors: the list, and one of them.

use axum::response::IntoResponse as _;
use capability::{Cx, Framed, audit};
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use identity::store as contacts;
use kernel::Error;
use kernel::Role;
use kernel::ids::ContactId;
use serde::Deserialize;
use web::{Admin, By, Form, Path, Query, Reply, State, Viewer, see_other_with};

use super::{page, projects};
use crate::erase::{self, Mode};
use crate::model::Day;
use crate::pages::people::{List, One, draw_list, draw_one};
use crate::read::{self, parse_before};
use crate::routes::blocking;
use crate::settings;
use crate::store::{self, Whom};

const PAGE: u32 = 50;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    q: String,
    whom: String,
    before: String,
}

impl Asked {
    fn whom(&self) -> Whom {
        match self.whom.as_str() {
            "contacts" => Whom::Contacts,
            "visitors" => Whom::Visitors,
            _ => Whom::Everybody,
        }
    }

    fn before(&self) -> Option<(Day, ContactId)> {
        let (day, id) = self.before.split_once('-')?;
        Some((Day(day.parse().ok()?), ContactId(id.parse().ok()?)))
    }
}

pub async fn list(State(cx): State<Cx>, _by: By<Viewer>, framed: Framed, Query(asked): Query<Asked>) -> Reply {
    let list = cx
        .read(move |r| {
            let text = asked.q.trim().to_owned();
            let people = match text.is_empty() {
                true => store::list_people(r, asked.whom(), asked.before(), PAGE + 1)?,
                false => store::find_people(r, &text, PAGE)?,
            };
            let has_any = !people.is_empty() || !store::list_people(r, Whom::Everybody, None, 1)?.is_empty();
            let today = settings::calendar(r)?.day_of(r.now);
            Ok(List { people, page: PAGE as usize, text, whom: asked.whom(), is_older: asked.before().is_some(), has_any, today })
        })
        .await?;
    page(&framed.live(&[]), "People", draw_list(&list))
}

#[derive(Debug, Deserialize)]
pub struct Erasing {
    #[serde(default)]
    mode: String,
}

/// The audit log says that it was done, and not to whom.
pub async fn erase(State(cx): State<Cx>, by: By<Admin>, Path(id): Path<i64>, Form(form): Form<Erasing>) -> Reply {
    let mode = match form.mode.as_str() {
        "delete" => Mode::Delete,
        "anonymise" => Mode::Anonymise,
        _ => return Err(Error::field("mode", "Please choose whether counts are to stay.").into()),
    };
    let actor = by.actor;
    let erased = erase::erase(&cx, ContactId(id), mode, move |tx| {
        audit(tx, &actor, "engagement.contact.erase", &format!("contact {id}"), &format!("{mode:?}").to_lowercase())
    })
    .await?;
    let told: Vec<String> = erased.iter().filter(|(_, things)| *things > 0).map(|(word, things)| format!("{things} in {word}")).collect();
    let told = if told.is_empty() { "nothing else was kept".to_owned() } else { told.join(", ") };
    Ok(see_other_with("/engagement/people", &format!("Erased: {told}. Copies and dumps hold it until they age out.")))
}

pub async fn one(State(cx): State<Cx>, _by: By<Viewer>, framed: Framed, Path(id): Path<i64>, Query(asked): Query<Asked>) -> Reply {
    let before = parse_before(&asked.before);
    let can_erase = framed.0.member.role >= Role::Admin;
    let one = blocking(&cx, move |house| {
        let id = ContactId(id);
        let actions = read::newest_of(house, id, before, PAGE + 1)?;
        house.hermetic.read_blocking(|r| {
            let contact = contacts::get_contact(r, id)?;
            let customer = contact.customer.map(|customer| contacts::find_customer(r, customer)).transpose()?.flatten();
            Ok(One {
                handles: contacts::handles_of(r, id)?.into_iter().map(|(_, key, is_given)| (key, is_given)).collect(),
                days: store::days_of(r, id)?,
                active: store::active_days(r, id)?,
                projects: projects(r)?,
                page: PAGE as usize,
                is_older: before != read::NEWEST,
                now: r.now,
                can_erase,
                contact,
                customer,
                actions,
            })
        })
    })
    .await?;
    page(&framed.live(&[]), &one.contact.label(), draw_one(&one))
}

/// Everything that is kept of somebody here, as one JSON document: what data protection law calls access.
pub async fn export(State(cx): State<Cx>, by: By<Admin>, Path(id): Path<i64>) -> Reply {
    let told = blocking(&cx, move |house| read::everything(house, ContactId(id))).await?;
    let actor = by.actor;
    cx.write(move |tx| audit(tx, &actor, "engagement.contact.export", &format!("contact {id}"), "")).await?;
    let mut answer = told.to_string().into_response();
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"contact.json\""));
    Ok(answer)
}
