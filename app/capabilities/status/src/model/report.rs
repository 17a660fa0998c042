//! Public text about a problem. A report has a phase, an impact and updates; each update may set the state of components.
//!
//! Nouns: [`Phase`], [`Impact`], [`Effect`], [`UpdateView`], [`ReportView`], [`Suggestion`].

use super::bars::Stretch;
use super::component::ComponentState;
use super::look::Language;
use super::words::words;
use kernel::Time;
use kernel::ids::ComponentId;

words! {
    Phase, "A report's phase", {
        Investigating = "investigating",
        Identified = "identified",
        Monitoring = "monitoring",
        Resolved = "resolved",
    }
}

words! {
    /// Ordered from none to worst.
    Impact, "An impact", {
        None = "none",
        Minor = "minor",
        Major = "major",
        Critical = "critical",
    }
}

words! {
    Visibility, "A report's visibility", {
        Draft = "draft",
        Published = "published",
    }
}

/// What an update says about one component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effect {
    pub component: ComponentId,
    pub state: ComponentState,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateView {
    pub id: i64,
    pub phase: Phase,
    pub body: String,
    pub at: Time,
    pub effects: Vec<Effect>,
}

/// A published report as visitors see it: updates newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportView {
    pub public_id: String,
    pub title: String,
    pub impact: Impact,
    pub phase: Phase,
    pub started_at: Time,
    pub resolved_at: Option<Time>,
    pub updated_at: Time,
    pub counts_as_downtime: bool,
    pub updates: Vec<UpdateView>,
}

impl ReportView {
    pub fn is_open(&self) -> bool {
        self.phase != Phase::Resolved
    }

    /// The latest word on each component this report has named, in order of naming.
    pub fn effects_now(&self) -> Vec<Effect> {
        let mut latest: Vec<Effect> = Vec::new();
        for effect in self.updates.iter().rev().flat_map(|update| &update.effects) {
            match latest.iter_mut().find(|known| known.component == effect.component) {
                Some(known) => known.state = effect.state,
                None => latest.push(*effect),
            }
        }
        latest
    }

    /// What it says about the component now; nothing when it is resolved.
    pub fn state_of(&self, component: ComponentId) -> Option<ComponentState> {
        let effect = self.effects_now().into_iter().find(|effect| effect.component == component)?;
        (self.is_open() && effect.state != ComponentState::Operational).then_some(effect.state)
    }

    /// The intervals this report puts into a component's history; empty unless it counts as downtime.
    pub fn stretches(&self, component: ComponentId, now: Time) -> Vec<Stretch> {
        if !self.counts_as_downtime {
            return Vec::new();
        }
        let mut marks: Vec<(Time, ComponentState)> = Vec::new();
        for update in self.updates.iter().rev() {
            if let Some(effect) = update.effects.iter().find(|effect| effect.component == component) {
                let at = if marks.is_empty() { self.started_at.min(update.at) } else { update.at };
                marks.push((at, effect.state));
            }
        }
        let end = self.resolved_at.unwrap_or(now).min(now);
        let until = |index: usize| marks.get(index + 1).map_or(end, |next| next.0.min(end));
        let all = marks.iter().enumerate().map(|(index, (from, state))| (*from, until(index), *state));
        all.filter(|(from, to, state)| from < to && *state != ComponentState::Operational)
            .map(|(from, to, state)| Stretch { from, to, condition: state.condition() })
            .collect()
    }
}

/// A draft that waits for a person's click, written when monitors behind components went down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    pub title: String,
    pub impact: Impact,
    pub body: String,
}

/// Text that promises nothing and asks for no knowledge of causes: first post within minutes, scope later.
pub fn suggestion(language: Language, components: &[String], is_whole_page: bool) -> Suggestion {
    let texts = language.texts();
    let and = texts.suggest_and;
    let names = match components {
        [] => texts.suggest_part.to_owned(),
        [only] => only.clone(),
        [first, second] => format!("{first} {and} {second}"),
        [first, second, rest @ ..] => format!("{first}, {second} {and} {} {}", rest.len(), texts.suggest_more),
    };
    Suggestion {
        title: kernel::text::shorten(&format!("{} {names}", texts.suggest_title), 120),
        impact: if is_whole_page { Impact::Critical } else { Impact::Major },
        body: texts.suggest_body.replacen("{}", &names, 1),
    }
}

/// Which step may follow: a resolved report can be reopened by an update, every other phase may go anywhere.
pub fn resolved_at_after(phase: Phase, at: Time) -> Option<Time> {
    (phase == Phase::Resolved).then_some(at)
}
