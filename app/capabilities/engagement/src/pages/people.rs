//! Contacts and visitors: the list, and one of them.

use frontend::prelude::*;
use identity::contacts::{Contact, Customer};
use kernel::Time;

use super::{Projects, Tabbed, action_row, day_text, days_ago, pages_of, plain};
use crate::model::Day;
use crate::read::Shown;
use crate::store::{Person, Whom};

pub struct List {
    /// One more than `page`, where there are more.
    pub people: Vec<Person>,
    pub page: usize,
    /// What was looked for.
    pub text: String,
    pub whom: Whom,
    pub is_older: bool,
    pub has_any: bool,
    pub today: Day,
}

impl List {
    fn here(&self) -> Href {
        match self.whom {
            Whom::Everybody => Href::path("/engagement/people"),
            Whom::Contacts => Href::path("/engagement/people").with("whom", "contacts"),
            Whom::Visitors => Href::path("/engagement/people").with("whom", "visitors"),
        }
    }
}

pub fn draw_list(list: &List) -> View {
    let head = page_head(PageHead {
        title: "People",
        lead: "Whoever did something. A visitor becomes a contact once your program says who it is; what it did before comes along.",
        ..PageHead::default()
    });
    if !list.has_any {
        let empty = empty_state(EmptyState {
            title: "Nobody has done anything yet",
            sentence: "Connect a page or a program: people stand here as soon as they do something.",
            actions: vec![link_button("/engagement/live", "Connect", Look::Primary)],
        });
        return stack(vec![head, pages_of(Tabbed::People), card(Card::default(), empty)]);
    }
    stack(vec![head, pages_of(Tabbed::People), filters(list), rows(list), more(list)])
}

fn filters(list: &List) -> View {
    let fields = Fields::new(&[]);
    let find = fields.text(TextField {
        name: "q",
        label: "Find",
        value: &list.text,
        kind: TextKind::Search,
        placeholder: "mail address, name or id",
        max: 256,
        ..TextField::default()
    });
    let value = match list.whom {
        Whom::Everybody => "",
        Whom::Contacts => "contacts",
        Whom::Visitors => "visitors",
    };
    let choices = [Choice::new("", "Everybody"), Choice::new("contacts", "Contacts"), Choice::new("visitors", "Visitors")];
    let whom = fields.select(Select { name: "whom", label: "Whom", value, choices: &choices, ..Select::default() });
    filter_form("/engagement/people", view! { {find}{whom}{button("Find", Look::Plain, "", "")} })
}

fn rows(list: &List) -> View {
    let rows = list.people.iter().take(list.page).map(|person| row(person, list.today)).collect();
    let listed = table(Table {
        caption: "People",
        heads: &[Head::text("Who"), Head::text("Address"), Head::text("Last here"), Head::text("First here")],
        rows,
        empty: EmptyState {
            title: "Nobody fits",
            sentence: "Addresses and names are found by their beginning, ids as a whole.",
            actions: vec![link_button("/engagement/people", "Everybody", Look::Plain)],
        },
    });
    card(Card { is_flush: true, ..Card::default() }, listed)
}

fn row(person: &Person, today: Day) -> Row {
    let contact = &person.contact;
    let kind = (!contact.is_identified).then(|| tag("visitor"));
    let label = kernel::text::shorten(&contact.label(), 60);
    let was = |day: Day| if day == Day::default() { muted("–") } else { muted(&days_ago(day, today)) };
    Row::new(vec![
        view! { {link(format!("/engagement/people/{}", contact.id), &label)} " " {kind} }.into_any(),
        if contact.email.is_empty() { muted("–") } else { muted(&contact.email) },
        was(person.last),
        was(person.first),
    ])
}

fn more(list: &List) -> View {
    let last = list.people.get(list.page.saturating_sub(1)).filter(|_| list.people.len() > list.page);
    pager(&Pager {
        first: if list.is_older { list.here() } else { Href::default() },
        next: last.map_or_else(Href::default, |last| list.here().with("before", format!("{}-{}", last.last.0, last.contact.id))),
        note: "",
    })
}

pub struct One {
    pub contact: Contact,
    pub customer: Option<Customer>,
    /// Key, and whether a program gave it.
    pub handles: Vec<(String, bool)>,
    /// First and last day here.
    pub days: Option<(Day, Day)>,
    /// Of the last 364 days.
    pub active: Vec<Day>,
    /// One more than `page`, where there are older ones.
    pub actions: Vec<Shown>,
    pub page: usize,
    pub is_older: bool,
    pub projects: Projects,
    pub can_erase: bool,
    pub now: Time,
}

pub fn draw_one(one: &One) -> View {
    let label = one.contact.label();
    let head = page_head(PageHead {
        title: &label,
        trail: vec![("People", Href::path("/engagement/people"))],
        badge: Some(state_badge(Tone::Neutral, if one.contact.is_identified { "contact" } else { "visitor" })),
        ..PageHead::default()
    });
    let wide = view! { {actions_of(one)} {older(one)} };
    let mut narrow = vec![known(one), traits(one)];
    narrow.extend(one.can_erase.then(|| erasing(one)));
    let narrow = stack(narrow);
    stack(vec![head, columns(wide, narrow)])
}

fn actions_of(one: &One) -> View {
    let rows = one.actions.iter().take(one.page).map(|action| action_row(action, one.now, None, &one.projects)).collect();
    let listed = table(Table {
        caption: "What it did",
        heads: &[Head::text("When"), Head::text("Action"), Head::text("With"), Head::text("From")],
        rows,
        empty: EmptyState {
            title: "Nothing is kept",
            sentence: "Actions leave after the time that is set; the days on which somebody was here stay.",
            actions: Vec::new(),
        },
    });
    card(Card { title: "What it did", is_flush: true, ..Card::default() }, listed)
}

fn older(one: &One) -> View {
    let here = || Href::path(format!("/engagement/people/{}", one.contact.id));
    let last = one.actions.get(one.page.saturating_sub(1)).filter(|_| one.actions.len() > one.page);
    pager(&Pager {
        first: if one.is_older { here() } else { Href::default() },
        next: last.map_or_else(Href::default, |last| here().with("before", format!("{}-{}", last.at.0, last.tie))),
        note: "",
    })
}

fn known(one: &One) -> View {
    let contact = &one.contact;
    let mut pairs: Vec<(&str, View)> = Vec::new();
    if !contact.email.is_empty() {
        pairs.push(("Address", paragraph(&contact.email)));
    }
    if let Some(customer) = &one.customer {
        pairs.push(("Customer", paragraph(if customer.name.is_empty() { &customer.key } else { &customer.name })));
    }
    if let Some((first, last)) = one.days {
        pairs.push(("First here", paragraph(&day_text(first))));
        pairs.push(("Last here", paragraph(&day_text(last))));
        pairs.push(("Active days", paragraph(&format!("{} of the 364 up to the last", one.active.len()))));
    }
    for (key, is_given) in one.handles.iter().take(10) {
        pairs.push((if *is_given { "User id" } else { "Visitor id" }, code(key)));
    }
    if one.handles.len() > 10 {
        pairs.push(("Ids", muted(&format!("{} more", one.handles.len() - 10))));
    }
    card(Card { title: "Known by", ..Card::default() }, key_values(pairs))
}

fn traits(one: &One) -> View {
    if one.contact.traits.is_empty() {
        return muted("Nothing else is known: identify calls tell traits such as plan or company.");
    }
    let pairs =
        one.contact.traits.iter().map(|(name, value)| (name.as_str(), paragraph(&kernel::text::shorten(&plain(value), 200)))).collect();
    card(Card { title: "Traits", ..Card::default() }, key_values(pairs))
}

fn erasing(one: &One) -> View {
    let action = Href::path(format!("/engagement/people/{}/erase", one.contact.id));
    let ask = |label, question, confirm, mode: &str| {
        confirm_button(&ConfirmButton {
            label,
            question,
            confirm,
            action: action.clone(),
            look: Look::Danger,
            fields: vec![("mode", mode.to_owned())],
        })
    };
    let delete = ask(
        "Erase with counts…",
        "Removes this person, what it did, and its replays, from all counts as well. It cannot be undone.",
        "Erase",
        "delete",
    );
    let anonymise = ask(
        "Erase, counts stay…",
        "Removes ids, address, traits, what is known of its actions, and its replays. Counts stay. It cannot be undone.",
        "Erase",
        "anonymise",
    );
    let export = link_button(format!("/engagement/people/{}/export", one.contact.id), "Export everything", Look::Plain);
    card(Card { title: "Forget this person", ..Card::default() }, actions(vec![export, delete, anonymise]))
}
