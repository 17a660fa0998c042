//! One release.

use capability::Hit;
use frontend::prelude::*;
use identity::projects::Project;
use ingest::releases::Release;
use kernel::Time;
use kernel::text::WebUrl;
use kernel::time::{DAY, HOUR};
use std::time::Duration;

use super::{counted, endings, files, grouped, help, share, tone_of};
use crate::model::health::{float, percent};
use crate::model::{Counts, Users};
use crate::store::artifacts::{Artifact, Held};
use crate::store::deploys::{Commit, Deploy};
use crate::store::misses::Miss;

pub struct Detail {
    pub release: Release,
    pub project: Project,
    pub range: Range,
    /// Of the sessions of 24 hours.
    pub adoption: Option<f64>,
    /// Of the range, all environments together.
    pub counts: Counts,
    pub environments: Vec<(String, Counts)>,
    pub steps: Vec<(Time, Counts)>,
    /// `None` where the range reaches farther back than users are remembered.
    pub users: Option<Users>,
    pub issues: (u64, u64),
    pub hits: Vec<Hit>,
    pub deploys: Vec<Deploy>,
    pub commits: Vec<Commit>,
    pub held: Held,
    pub files: Vec<Artifact>,
    pub missed: Vec<Miss>,
    pub is_hidden: bool,
    pub public_url: String,
    pub can_edit: bool,
    pub can_delete: bool,
    pub now: Time,
}

/// How far back the page looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Range {
    Day,
    Week,
    Month,
    Quarter,
}

impl Range {
    const ALL: [Range; 4] = [Range::Day, Range::Week, Range::Month, Range::Quarter];

    pub fn parse(text: &str) -> Range {
        Self::ALL.into_iter().find(|range| range.as_str() == text).unwrap_or(Range::Week)
    }

    fn as_str(self) -> &'static str {
        match self {
            Range::Day => "24h",
            Range::Week => "7d",
            Range::Month => "30d",
            Range::Quarter => "90d",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Range::Day => "24 hours",
            Range::Week => "7 days",
            Range::Month => "30 days",
            Range::Quarter => "90 days",
        }
    }

    pub fn span(self) -> Duration {
        match self {
            Range::Day => DAY,
            Range::Week => DAY * 7,
            Range::Month => DAY * 30,
            Range::Quarter => DAY * 90,
        }
    }

    /// So that a chart has about a hundred points.
    fn step(self) -> Duration {
        match self {
            Range::Day => HOUR,
            Range::Week => HOUR * 2,
            Range::Month => HOUR * 6,
            Range::Quarter => DAY,
        }
    }

    pub fn step_millis(self) -> i64 {
        i64::try_from(self.step().as_millis()).unwrap_or(i64::MAX)
    }

    pub fn has_users(self) -> bool {
        self != Range::Quarter
    }
}

pub fn page(detail: &Detail) -> View {
    let release = &detail.release;
    let own = format!("/releases/{}", release.id);
    let delete = confirm_button(&ConfirmButton {
        label: "Delete",
        question: "Its health, deploys, commits and source maps go and do not come back. Issues and events stay. If a program reports the release again, it is listed again.",
        confirm: "Delete this release",
        action: Href::path(format!("{own}/delete")),
        look: Look::Danger,
        ..ConfirmButton::default()
    });
    let head = page_head(PageHead {
        title: &release.version,
        lead: &format!("Of {}.", detail.project.name),
        trail: vec![("Releases", Href::path("/releases").with("project", detail.project.id))],
        badge: detail.is_hidden.then(|| state_badge(Tone::Neutral, "deleted")),
        actions: if detail.can_delete { vec![delete] } else { Vec::new() },
    });
    let ranges: Vec<Tab<'_>> = Range::ALL
        .iter()
        .map(|range| Tab {
            label: range.label(),
            href: Href::path(own.as_str()).with("range", range.as_str()),
            is_current: *range == detail.range,
            count: None,
        })
        .collect();
    let narrow = view! { {facts(detail)} {related(&detail.hits)} {deploys(&detail.deploys, detail.now)} {commits(&detail.commits)} };
    let body =
        vec![summary(detail), columns(health(detail), narrow), environments(detail).into_any(), files::card_of(detail), missed(detail)];
    view! { {head} {tabs("Range", &ranges)} {live("release", stack(body))} }.into_any()
}

fn summary(detail: &Detail) -> View {
    let counts = detail.counts;
    let (within, sessions) = (detail.range.label(), grouped(counts.sessions));
    let told = |share: Option<f64>| share.map_or_else(|| "–".to_owned(), percent);
    let of_sessions = format!("of {sessions} sessions in {within}");
    let users_note = match detail.users {
        Some(users) if users.all > 0 => format!("of {} users in {within}", grouped(users.all)),
        Some(_) => "no session named a user".to_owned(),
        None => "users are remembered for 30 days".to_owned(),
    };
    let users = detail.users.unwrap_or_default();
    let tile_of = |title, value: String, note: &str, tone| tile(&Tile { title, value: &value, note, tone, ..Tile::default() });
    tiles(vec![
        tile_of("Adoption", told(detail.adoption), "of the project's sessions in 24 hours", Tone::Neutral),
        tile_of("Crash-free sessions", told(counts.crash_free()), &of_sessions, tone_of(counts.crash_free(), counts.sessions)),
        tile_of("Without unhandled errors", told(counts.unhandled_free()), &of_sessions, tone_of(counts.unhandled_free(), counts.sessions)),
        tile_of("Crash-free users", told(users.crash_free()), &users_note, tone_of(users.crash_free(), users.all)),
    ])
}

fn health(detail: &Detail) -> View {
    let points = |read: fn(&Counts) -> Option<f64>| -> Vec<Point> {
        detail.steps.iter().filter_map(|(at, counts)| Some(Point { at: *at, value: read(counts)? })).collect()
    };
    let counts = detail.counts;
    let about = format!("{} sessions in {}: {}.", grouped(counts.sessions), detail.range.label(), endings(&counts));
    let (from, to) = (detail.now - detail.range.span(), detail.now);
    let sessions = LineChart {
        id: "sessions",
        title: "Sessions",
        about: &about,
        unit: Unit::Count,
        from,
        to,
        every: detail.range.step(),
        series: vec![Series { name: "sessions", points: points(|counts| Some(float(counts.sessions))) }],
        empty: "No sessions in this time. SDKs send them once they know the release.",
        has_table: true,
        ..LineChart::default()
    };
    // What went wrong, not what went well: an axis that must reach 100 % shows nothing of what matters.
    let bad = LineChart {
        id: "bad",
        title: "Sessions that crashed",
        about: "Percent of sessions with a crash or unhandled error, and percent of sessions with a crash.",
        unit: Unit::Percent,
        from,
        to,
        every: detail.range.step(),
        series: vec![
            Series { name: "crash or unhandled error", points: points(|counts| Some(100.0 - counts.unhandled_free()?)) },
            Series { name: "crash", points: points(|counts| Some(100.0 - counts.crash_free()?)) },
        ],
        has_table: true,
        ..LineChart::default()
    };
    let bad = (counts.sessions > 0).then(|| line_chart(&bad));
    card(Card { title: "Health", lead: &about, ..Card::default() }, view! { {line_chart(&sessions)} {bad} })
}

fn environments(detail: &Detail) -> Option<View> {
    if detail.environments.is_empty() {
        return None;
    }
    let row = |(name, counts): &(String, Counts)| {
        Row::new(vec![
            paragraph(name),
            paragraph(&grouped(counts.sessions)),
            share(counts.crash_free(), counts.sessions, "session"),
            share(counts.unhandled_free(), counts.sessions, "session"),
            paragraph(&endings(counts)),
        ])
    };
    let rows = table(Table {
        caption: "Health by environment",
        heads: &[
            Head::text("Environment"),
            Head::number("Sessions"),
            Head::number("Crash-free"),
            Head::number("Without unhandled errors"),
            Head::text("They ended"),
        ],
        rows: detail.environments.iter().map(row).collect(),
        empty: EmptyState::default(),
    });
    Some(card(Card { title: "Environments", is_flush: true, ..Card::default() }, rows))
}

fn facts(detail: &Detail) -> View {
    let release = &detail.release;
    let released = release.released_at.map_or_else(|| muted("nobody said so"), |at| ago(at, detail.now));
    card(
        Card { title: "Facts", ..Card::default() },
        key_values(vec![
            ("Project", paragraph(&detail.project.name)),
            ("New issues", paragraph(&grouped(detail.issues.0))),
            ("Issues that came back", paragraph(&grouped(detail.issues.1))),
            ("First seen", ago(release.created_at, detail.now)),
            ("Released", released),
            ("Uploads", paragraph(&counted(detail.held.bundles, "upload"))),
        ]),
    )
}

fn related(hits: &[Hit]) -> Option<View> {
    if hits.is_empty() {
        return None;
    }
    let rows: Vec<View> = hits
        .iter()
        .map(|hit| {
            let (name, kind, note) = (link(hit.href.as_str(), &hit.title), hit.kind, hit.note.clone());
            view! { <li><span class="tag">{kind}</span>" "{name}" "<span class="muted">{note}</span></li> }.into_any()
        })
        .collect();
    Some(card(Card { title: "With this release", ..Card::default() }, view! { <ul>{rows}</ul> }))
}

fn deploys(deploys: &[Deploy], now: Time) -> View {
    if deploys.is_empty() {
        let body = paragraph("None was told. After each deploy: sentry-cli deploys new --release … --env production");
        return card(Card { title: "Deploys", ..Card::default() }, body);
    }
    let rows: Vec<Happening> = deploys
        .iter()
        .map(|deploy| {
            let address = WebUrl::parse(&deploy.url).ok().map(|url| link(&url, &deploy.url));
            let name = (!deploy.name.is_empty()).then(|| muted(&deploy.name));
            Happening {
                at: deploy.finished_at,
                tone: Tone::Info,
                title: deploy.environment.clone(),
                body: vec![view! { {ago(deploy.finished_at, now)} " " {name} " " {address} }.into_any()],
            }
        })
        .collect();
    card(Card { title: "Deploys", ..Card::default() }, timeline(rows))
}

fn commits(commits: &[Commit]) -> Option<View> {
    if commits.is_empty() {
        return None;
    }
    let rows: Vec<View> = commits
        .iter()
        .map(|commit| {
            let short: String = commit.hash.chars().take(10).collect();
            let words = [commit.message.lines().next().unwrap_or_default(), &commit.author, &commit.repository];
            let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
            let words = words.join(" · ");
            view! { <li>{code(&short)}" "{words}</li> }.into_any()
        })
        .collect();
    Some(card(Card { title: "Commits", ..Card::default() }, view! { <ul>{rows}</ul> }))
}

/// Why stacks of this release cannot be read, and how to change that.
fn missed(detail: &Detail) -> View {
    let rows: Vec<Row> =
        detail.missed.iter().map(|miss| Row::new(vec![code(&miss.file), paragraph(help::reason(&miss.reason)), date(miss.day)])).collect();
    let body = if rows.is_empty() && detail.held.files > 0 {
        paragraph("Every built file that appeared in a stack was found.")
    } else {
        table(Table {
            caption: "Files whose source was looked for in vain",
            heads: &[Head::text("File"), Head::text("Why it is not readable"), Head::text("Last on")],
            rows,
            empty: EmptyState {
                title: "Nothing was looked for yet",
                sentence: "When a stack names a built file whose source map is missing, it stands here.",
                actions: Vec::new(),
            },
        })
    };
    let misses = card(
        Card {
            title: "Not readable",
            lead: "Built files of the last 14 days' stacks whose source map was looked for in vain.",
            is_flush: !detail.missed.is_empty(),
            ..Card::default()
        },
        body,
    );
    let help = (detail.held.files == 0 || !detail.missed.is_empty())
        .then(|| help::upload(&detail.public_url, &detail.project, &detail.release.version));
    view! { {misses} {help} }.into_any()
}
