//! A draft as it may be stored: trimmed, within bounds, its command readable, its encryption possible.

use std::str::FromStr as _;

use kernel::Result;
use kernel::error::FieldErrors;
use kernel::text::checked_line;

use super::{Draft, Encryption, Kind, Secrets, command, schedule};

const SHORTEST_PASSPHRASE: usize = 12;

/// The form the store takes. All that is wrong is said at once.
pub fn check(mut draft: Draft, secrets: &Secrets) -> Result<Draft> {
    let mut errors = FieldErrors::default();
    draft.name = errors.take("name", checked_line(&draft.name, "a name", 100)).unwrap_or_default();
    for text in [&mut draft.key, &mut draft.command, &mut draft.restore_command, &mut draft.place, &mut draft.cron, &mut draft.recipient] {
        *text = text.trim().to_owned();
    }
    draft.extension = draft.extension.trim().trim_start_matches('.').to_owned();
    if draft.key.is_empty() {
        draft.key = key_of(&draft.name);
    }
    let is_key = |key: &str| key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if draft.key.len() > 60 || !is_key(&draft.key) || draft.key.starts_with('-') {
        errors.push("key", "A key has up to 60 lower-case letters, digits and dashes: it is the folder's name at the destination.");
    }
    if draft.extension.len() > 20 || !draft.extension.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        errors.push("extension", "An extension has up to 20 letters and digits, such as sql.");
    }
    if draft.place.chars().count() > 100 {
        errors.push("place", "Please name a destination of the configuration.");
    }
    check_commands(&mut draft, secrets, &mut errors);
    check_schedule(&draft, &mut errors);
    check_encryption(&draft, secrets, &mut errors);
    errors.finish()?;
    Ok(draft)
}

/// Lower-case letters, digits and dashes of the name.
fn key_of(name: &str) -> String {
    let words: String = name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' }).collect();
    let key: String = words.split_whitespace().collect::<Vec<_>>().join("-").chars().take(50).collect();
    if key.is_empty() { "dump".to_owned() } else { key }
}

fn check_commands(draft: &mut Draft, secrets: &Secrets, errors: &mut FieldErrors) {
    if draft.command.is_empty() && draft.kind == Kind::Postgresql {
        draft.command = Kind::Postgresql.preset().to_owned();
    }
    let words = errors.take("command", if draft.command.len() > 4_000 { command::split("'") } else { command::split(&draft.command) });
    let words = words.unwrap_or_else(|| vec![String::new()]);
    if words.is_empty() {
        errors.push("command", "Please give the command whose standard output is the dump.");
    }
    // SQL may name databases, and drop them: the server is not always a spare one.
    if !secrets.scratch_url.is_empty() && command::is_plain_text(&words) {
        errors.push("scratch_url", "Only the custom and tar formats are restored there: SQL could reach other databases of that server.");
    }
    errors.take("restore_command", command::split(&draft.restore_command));
    for (field, url) in [("url", &secrets.url), ("scratch_url", &secrets.scratch_url)] {
        if url.is_empty() {
            continue;
        }
        if draft.kind != Kind::Postgresql {
            errors.push(field, "Only PostgreSQL is reached by a connection URL; for others use the environment.");
        } else {
            errors.take(field, command::libpq(url));
        }
    }
    if !secrets.scratch_url.is_empty() && !draft.restore_command.is_empty() {
        errors.push("restore_command", "Choose one: a scratch server, or a command of your own.");
    }
    errors.take("environment", command::check_names(&secrets.environment));
}

fn check_schedule(draft: &Draft, errors: &mut FieldErrors) {
    if !draft.cron.is_empty() {
        errors.take("cron", schedule::parse_cron(&draft.cron));
        if draft.every_hours.is_some() {
            errors.push("cron", "Choose one: every so many hours, or a cron expression.");
        }
    }
    let mut within = |field: &str, value: u32, least: u32, most: u32| {
        if !(least..=most).contains(&value) {
            errors.push(field, format!("Please give a number from {least} to {most}."));
        }
    };
    within("every_hours", draft.every_hours.unwrap_or(schedule::DEFAULT_HOURS), 1, 744);
    within("time_limit_minutes", draft.time_limit_minutes, 1, 2_880);
    within("grace_minutes", draft.grace_minutes, 1, 10_080);
    within("size_factor", draft.size_factor, 2, 1_000);
    within("keep_last", draft.keep_last, 1, 1_000);
    within("keep_daily", draft.keep_daily, 0, 1_000);
    within("keep_weekly", draft.keep_weekly, 0, 520);
    within("keep_monthly", draft.keep_monthly, 0, 120);
}

fn check_encryption(draft: &Draft, secrets: &Secrets, errors: &mut FieldErrors) {
    match draft.encryption {
        Encryption::Recipient => {
            if age::x25519::Recipient::from_str(&draft.recipient).is_err() {
                errors.push("recipient", "Please give an age recipient: it begins with age1.");
            }
            if !secrets.scratch_url.is_empty() || !draft.restore_command.is_empty() {
                errors
                    .push("encryption", "What is encrypted for somebody else cannot be opened here, so it cannot be restored as a check.");
            }
        }
        Encryption::Passphrase if secrets.passphrase.chars().count() < SHORTEST_PASSPHRASE => {
            errors.push("passphrase", format!("Please give a passphrase of at least {SHORTEST_PASSPHRASE} characters."));
        }
        _ => {}
    }
}
