//! Planned maintenance as iCalendar (RFC 5545), to be subscribed in any calendar.

use super::entries::title;
use crate::links::{Links, Target};
use crate::model::{MaintenancePhase, Snapshot};
use kernel::Time;

pub fn render(snapshot: &Snapshot, links: &Links) -> String {
    let mut lines = vec!["BEGIN:VCALENDAR".to_owned(), "VERSION:2.0".to_owned(), "PRODID:-//Hermetic//Status//EN".to_owned()];
    lines.push(format!("X-WR-CALNAME:{}", text(&title(snapshot))));
    for maintenance in &snapshot.maintenances {
        lines.push("BEGIN:VEVENT".to_owned());
        lines.push(format!("UID:{}@hermetic", maintenance.public_id));
        lines.push(format!("DTSTAMP:{}", stamp(maintenance.updated_at)));
        lines.push(format!("LAST-MODIFIED:{}", stamp(maintenance.updated_at)));
        lines.push(format!("DTSTART:{}", stamp(maintenance.starts_at)));
        lines.push(format!("DTEND:{}", stamp(maintenance.ends_at)));
        lines.push(format!("SUMMARY:{}", text(&maintenance.title)));
        let body = maintenance.updates.first().map(|update| update.body.as_str()).unwrap_or_default();
        lines.push(format!("DESCRIPTION:{}", text(body)));
        lines.push(format!("URL:{}", links.absolute(Target::Maintenance(&maintenance.public_id))));
        let state = if maintenance.phase == MaintenancePhase::Cancelled { "CANCELLED" } else { "CONFIRMED" };
        lines.push(format!("STATUS:{state}"));
        lines.push("TRANSP:TRANSPARENT".to_owned());
        lines.push("END:VEVENT".to_owned());
    }
    lines.push("END:VCALENDAR".to_owned());
    lines.iter().map(|line| folded(line)).collect()
}

fn stamp(at: Time) -> String {
    at.timestamp().strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// Backslash, semicolon and comma are escaped, line ends are `\n`, other control characters go: no line can be smuggled in.
fn text(value: &str) -> String {
    let mut safe = String::with_capacity(value.len());
    for c in value.replace("\r\n", "\n").chars() {
        match c {
            '\\' | ';' | ',' => safe.extend(['\\', c]),
            '\n' | '\r' | '\u{2028}' | '\u{2029}' => safe.push_str("\\n"),
            c if c.is_control() => {}
            c => safe.push(c),
        }
    }
    safe
}

/// At most 75 bytes a line, continued by a blank, never cut inside a character.
fn folded(line: &str) -> String {
    let mut result = String::with_capacity(line.len() + 8);
    let mut width = 0;
    for c in line.chars() {
        if width + c.len_utf8() > 75 {
            result.push_str("\r\n ");
            width = 1;
        }
        result.push(c);
        width += c.len_utf8();
    }
    result.push_str("\r\n");
    result
}
