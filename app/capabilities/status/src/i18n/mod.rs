//! The page's own words in four languages, and dates, spans and percentages as each of them writes them.
//!
//! Nouns: [`Texts`]. What people write themselves (names, reports) is never translated; what the page writes by itself is said once,
//! in its own language.

mod de;
mod en;
mod es;
mod fr;

use crate::model::snapshot::Banner;
use crate::model::{ComponentState, Condition, Impact, Language, MaintenancePhase, Phase, Uptime};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use kernel::Time;

/// Every sentence of the public pages and of mails to subscribers. A new language is one more file with this struct.
pub struct Texts {
    pub status: &'static str,
    pub banner_empty: &'static str,
    pub banner_operational: &'static str,
    pub banner_no_data: &'static str,
    pub banner_maintenance: &'static str,
    pub banner_degraded: &'static str,
    pub banner_partial: &'static str,
    pub banner_major: &'static str,
    pub operational: &'static str,
    pub maintenance: &'static str,
    pub degraded: &'static str,
    pub partial: &'static str,
    pub major: &'static str,
    pub no_data: &'static str,
    pub down: &'static str,
    pub investigating: &'static str,
    pub identified: &'static str,
    pub monitoring: &'static str,
    pub resolved: &'static str,
    pub scheduled: &'static str,
    pub in_progress: &'static str,
    pub completed: &'static str,
    pub cancelled: &'static str,
    pub impact_none: &'static str,
    pub impact_minor: &'static str,
    pub impact_major: &'static str,
    pub impact_critical: &'static str,
    pub current_problems: &'static str,
    pub components: &'static str,
    pub upcoming: &'static str,
    pub past: &'static str,
    pub nothing_reported: &'static str,
    pub history: &'static str,
    pub all_history: &'static str,
    pub newer: &'static str,
    pub older: &'static str,
    pub days_ago: &'static str,
    pub today: &'static str,
    pub uptime: &'static str,
    pub uptime_note: &'static str,
    pub last_90_days: &'static str,
    pub hours_24: &'static str,
    pub days_7: &'static str,
    pub days_30: &'static str,
    pub response_time: &'static str,
    pub details: &'static str,
    pub typical: &'static str,
    pub slowest: &'static str,
    pub affected: &'static str,
    pub updated: &'static str,
    pub all_times: &'static str,
    pub subscribe: &'static str,
    pub subscribe_button: &'static str,
    pub back: &'static str,
    pub language: &'static str,
    pub skip: &'static str,
    pub home: &'static str,
    pub empty_page: &'static str,
    pub subscribe_intro: &'static str,
    pub by_mail: &'static str,
    pub mail_address: &'static str,
    pub by_webhook: &'static str,
    pub webhook_address: &'static str,
    pub webhook_note: &'static str,
    pub by_feed: &'static str,
    pub which: &'static str,
    pub which_note: &'static str,
    pub not_open: &'static str,
    pub check_mail_title: &'static str,
    pub check_mail: &'static str,
    pub confirm_title: &'static str,
    pub confirm_text: &'static str,
    pub confirm_button: &'static str,
    pub confirmed: &'static str,
    pub manage_title: &'static str,
    pub manage_text: &'static str,
    pub save: &'static str,
    pub saved: &'static str,
    pub unsubscribe: &'static str,
    pub unsubscribe_text: &'static str,
    pub unsubscribed: &'static str,
    pub link_expired: &'static str,
    pub secret_title: &'static str,
    pub secret_text: &'static str,
    pub webhook_refused: &'static str,
    pub password_title: &'static str,
    pub password_text: &'static str,
    pub password: &'static str,
    pub password_wrong: &'static str,
    pub show: &'static str,
    pub stale_before: &'static str,
    pub stale_after: &'static str,
    pub mail_not_offered: &'static str,
    /// Followed by names.
    pub suggest_title: &'static str,
    /// With `{}` for names.
    pub suggest_body: &'static str,
    pub suggest_part: &'static str,
    pub suggest_and: &'static str,
    pub suggest_more: &'static str,
    pub suggest_over: &'static str,
    pub maintenance_planned: &'static str,
    pub maintenance_begun: &'static str,
    pub maintenance_done: &'static str,
    pub maintenance_off: &'static str,
    pub mail_confirm_subject: &'static str,
    pub mail_confirm_text: &'static str,
    pub mail_ignore: &'static str,
    pub mail_read_more: &'static str,
    pub mail_why: &'static str,
    pub mail_manage: &'static str,
    pub months: [&'static str; 12],
    pub months_short: [&'static str; 12],
}

impl Language {
    pub fn texts(self) -> &'static Texts {
        match self {
            Language::En => &en::TEXTS,
            Language::De => &de::TEXTS,
            Language::Fr => &fr::TEXTS,
            Language::Es => &es::TEXTS,
        }
    }

    /// `12 November 2026`.
    pub fn date(self, date: Date) -> String {
        let (day, month, year) = (date.day(), self.month_name(date), date.year());
        match self {
            Language::En => format!("{day} {month} {year}"),
            Language::De => format!("{day}. {month} {year}"),
            Language::Fr if day == 1 => format!("1er {month} {year}"),
            Language::Fr => format!("{day} {month} {year}"),
            Language::Es => format!("{day} de {month} de {year}"),
        }
    }

    /// `12 Nov`.
    pub fn short_date(self, date: Date) -> String {
        let month = self.texts().months_short[month_index(date.month())];
        match self {
            Language::De => format!("{}. {month}", date.day()),
            Language::En | Language::Fr | Language::Es => format!("{} {month}", date.day()),
        }
    }

    /// `November 2026`.
    pub fn month(self, year: i16, month: i8) -> String {
        let name = self.texts().months[month_index(month)];
        match self {
            Language::Es => format!("{name} de {year}"),
            Language::En | Language::De | Language::Fr => format!("{name} {year}"),
        }
    }

    /// `12 November 2026, 14:39 CET`: always with its zone, because visitors live elsewhere.
    pub fn moment(self, at: Time, zone: &TimeZone) -> String {
        let zoned = at.in_zone(zone);
        format!("{}, {}", self.date(zoned.date()), zoned.strftime("%H:%M %Z"))
    }

    /// `12 Nov, 14:39 CET`.
    pub fn short_moment(self, at: Time, zone: &TimeZone) -> String {
        let zoned = at.in_zone(zone);
        format!("{}, {}", self.short_date(zoned.date()), zoned.strftime("%H:%M %Z"))
    }

    /// `99.98 %`, `99,98 %`; rounded down long before it comes here.
    pub fn percent(self, uptime: Uptime) -> Option<String> {
        let hundredths = uptime.hundredths()?;
        let comma = if self == Language::En { '.' } else { ',' };
        let blank = if self == Language::En { "" } else { "\u{a0}" };
        Some(format!("{}{comma}{:02}{blank}%", hundredths / 100, hundredths % 100))
    }

    /// `23 min`, `2 h 5 min`: minutes are enough, and a part of a minute is one.
    pub fn span(self, millis: i64) -> String {
        let minutes = (millis + 59_999) / 60_000;
        match (minutes / 60, minutes % 60) {
            (0, minutes) => format!("{minutes} min"),
            (hours, 0) => format!("{hours} h"),
            (hours, minutes) => format!("{hours} h {minutes} min"),
        }
    }

    pub fn state(self, state: Option<ComponentState>) -> &'static str {
        let texts = self.texts();
        match state {
            None => texts.no_data,
            Some(ComponentState::Operational) => texts.operational,
            Some(ComponentState::UnderMaintenance) => texts.maintenance,
            Some(ComponentState::DegradedPerformance) => texts.degraded,
            Some(ComponentState::PartialOutage) => texts.partial,
            Some(ComponentState::MajorOutage) => texts.major,
        }
    }

    pub fn condition(self, condition: Condition) -> &'static str {
        let texts = self.texts();
        match condition {
            Condition::Operational => texts.operational,
            Condition::Degraded => texts.degraded,
            Condition::Down => texts.down,
            Condition::Maintenance => texts.maintenance,
            Condition::NoData => texts.no_data,
        }
    }

    pub fn phase(self, phase: Phase) -> &'static str {
        let texts = self.texts();
        match phase {
            Phase::Investigating => texts.investigating,
            Phase::Identified => texts.identified,
            Phase::Monitoring => texts.monitoring,
            Phase::Resolved => texts.resolved,
        }
    }

    pub fn maintenance_phase(self, phase: MaintenancePhase) -> &'static str {
        let texts = self.texts();
        match phase {
            MaintenancePhase::Scheduled => texts.scheduled,
            MaintenancePhase::InProgress => texts.in_progress,
            MaintenancePhase::Completed => texts.completed,
            MaintenancePhase::Cancelled => texts.cancelled,
        }
    }

    /// What is said of a maintenance when nobody wrote anything.
    pub fn maintenance_text(self, phase: MaintenancePhase) -> &'static str {
        let texts = self.texts();
        match phase {
            MaintenancePhase::Scheduled => texts.maintenance_planned,
            MaintenancePhase::InProgress => texts.maintenance_begun,
            MaintenancePhase::Completed => texts.maintenance_done,
            MaintenancePhase::Cancelled => texts.maintenance_off,
        }
    }

    pub fn impact(self, impact: Impact) -> &'static str {
        let texts = self.texts();
        match impact {
            Impact::None => texts.impact_none,
            Impact::Minor => texts.impact_minor,
            Impact::Major => texts.impact_major,
            Impact::Critical => texts.impact_critical,
        }
    }

    pub fn banner(self, banner: Banner) -> &'static str {
        let texts = self.texts();
        match banner {
            Banner::Empty => texts.banner_empty,
            Banner::AllOperational => texts.banner_operational,
            Banner::NoData => texts.banner_no_data,
            Banner::UnderMaintenance => texts.banner_maintenance,
            Banner::Degraded => texts.banner_degraded,
            Banner::PartialOutage => texts.banner_partial,
            Banner::MajorOutage => texts.banner_major,
        }
    }

    fn month_name(self, date: Date) -> &'static str {
        self.texts().months[month_index(date.month())]
    }
}

/// `jiff` counts months from one; tables count from zero.
fn month_index(month: i8) -> usize {
    usize::try_from(month - 1).unwrap_or(0).min(11)
}
