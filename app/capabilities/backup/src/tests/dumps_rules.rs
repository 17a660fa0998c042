//! The pure decisions of dumps.

use bytes::Bytes;
use jiff::tz::TimeZone;
use kernel::time::{DAY, HOUR};
use kernel::{Secret, Time};
use serde_json::json;

use crate::dumps::flat;
use crate::dumps::model::{Draft, Kind, Secrets, command, rotation, schedule, validate, verdict};
use crate::dumps::seal::{self, Key, Lock, Packer};

const MONDAY: Time = Time(1_772_452_800_000);

#[test]
fn a_command_line_is_split_as_a_shell_would_and_what_only_a_shell_understands_is_refused() {
    let split = |line: &str| command::split(line).map_err(|error| error.message().to_owned());
    assert_eq!(split("pg_dump  -Fc\tshop").unwrap(), ["pg_dump", "-Fc", "shop"]);
    assert_eq!(split(r#"a 'b c' "d \"e\" \n" f\ g '' x'y'z"#).unwrap(), ["a", "b c", r#"d "e" \n"#, "f g", "", "xyz"]);
    assert_eq!(split("sh -c 'a | b > c; $HOME'").unwrap(), ["sh", "-c", "a | b > c; $HOME"]);
    assert_eq!(split("echo '|' \\;").unwrap(), ["echo", "|", ";"], "quoted, they are words");
    assert_eq!(split("echo $HOME *").unwrap(), ["echo", "$HOME", "*"], "nothing expands");
    for wrong in ["a | b", "a && b", "a > b", "a 'b", "a \"b", "a \\", "a\nb", "a\0b"] {
        assert!(split(wrong).is_err(), "{wrong:?}");
    }
    assert!(split("a | b").unwrap_err().contains("No shell runs this command"));
}

#[test]
fn a_connection_url_becomes_environment_and_its_password_is_in_no_argument() {
    let found = command::libpq("postgresql://ba%40ck:p%2Bw%3A1+2@db.internal:5433/shop?sslmode=require").unwrap();
    let found: Vec<(&str, &str)> = found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let wanted = [
        ("PGDATABASE", "shop"),
        ("PGHOST", "db.internal"),
        ("PGPASSWORD", "p+w:1+2"),
        ("PGPORT", "5433"),
        ("PGSSLMODE", "require"),
        ("PGUSER", "ba@ck"),
    ];
    assert_eq!(found, wanted);
    let socket = command::libpq("postgres:///shop?host=/run/postgresql&user=app").unwrap();
    assert_eq!((socket["PGHOST"].as_str(), socket["PGUSER"].as_str(), socket["PGDATABASE"].as_str()), ("/run/postgresql", "app", "shop"));
    // libpq's own reading: “+”, “&” and “=” stand for themselves, wherever they are.
    for (url, password) in [
        ("postgresql://app:a&bc123@h/d", "a&bc123"),
        ("postgresql://app:a=b&c+d%26e@h/d", "a=b&c+d&e"),
        ("postgresql://app@h/d?password=a+b%3Dc%26d", "a+b=c&d"),
    ] {
        assert_eq!(command::libpq(url).unwrap()["PGPASSWORD"], password, "{url}");
    }
    for wrong in ["mysql://a/b", "shop", "postgresql://a/b?evil=1", ""] {
        assert!(command::libpq(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn an_environment_is_lines_and_never_the_loaders() {
    let found = command::environment("# a note\nMYSQL_PWD = a=b \n\nMYSQL_HOST=db\r\n").unwrap();
    assert_eq!(found.get("MYSQL_PWD").map(String::as_str), Some("a=b"));
    assert_eq!(found.get("MYSQL_HOST").map(String::as_str), Some("db"));
    for wrong in ["novalue", "LD_PRELOAD=x.so", "1A=b", "A-B=c", "=x"] {
        assert!(command::environment(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn what_a_program_may_have_logged_is_hidden_longest_first() {
    let secrets = Secrets {
        url: "postgresql://app:hunter22@db/shop".into(),
        environment: [("TOKEN".to_owned(), "tokentoken".to_owned()), ("A".to_owned(), "x".to_owned())].into(),
        ..Secrets::default()
    };
    let said =
        crate::dumps::child::readable(b"tried postgresql://app:hunter22@db/shop, hunter22, tokentoken, x\x1b[1m\n", &secrets.words());
    assert_eq!(said, "tried •••, •••, •••, x[1m");
}

#[test]
fn a_password_is_hidden_as_it_was_typed_and_as_it_is_meant() {
    let secrets = Secrets {
        url: "postgresql://app:hunter%2622@db/shop".into(),
        scratch_url: "postgresql://check@db/shop?password=other%3Dpass".into(),
        ..Secrets::default()
    };
    let said = b"as app with hunter%2622, that is hunter&22; with other%3Dpass, other=pass";
    assert_eq!(crate::dumps::child::readable(said, &secrets.words()), "as app with •••, that is •••; with •••, •••");
    let at = Secrets { url: "postgresql://app:hunt@er22@db/shop".into(), ..Secrets::default() };
    assert_eq!(crate::dumps::child::readable(b"hunt@er22, hunt%40er22", &at.words()), "•••, •••");
}

#[test]
fn plain_text_is_told_from_archives_by_the_words_of_the_command() {
    let is_plain = |line: &str| command::is_plain_text(&command::split(line).unwrap());
    for plain in [
        "pg_dump shop",
        "pg_dump -F p shop",
        "pg_dump -Fp shop",
        "pg_dump -vFp shop",
        "/usr/bin/pg_dump --format plain shop",
        "pg_dump --format=PLAIN shop",
        "pg_dump -Fc --format=p shop",
        "pg_dumpall --no-password",
        "docker exec db pg_dump -U app shop",
        "dump-shop --format=plain",
    ] {
        assert!(is_plain(plain), "{plain}");
    }
    for archive in [
        "pg_dump -F c shop",
        "pg_dump -Fc shop",
        "pg_dump --format custom shop",
        "pg_dump --format=t shop",
        "pg_dump -wFc -nFp shop",
        "docker exec -F p db pg_dump -Fc shop",
        "dump-shop",
    ] {
        assert!(!is_plain(archive), "{archive}");
    }
    let secrets = Secrets { scratch_url: "postgresql://check@db/postgres".into(), ..Secrets::default() };
    let draft = Draft { name: "x".into(), command: "pg_dump -F p shop".into(), ..Draft::default() };
    assert_eq!(validate::check(draft, &secrets).unwrap_err().field_errors()[0].field, "scratch_url");
}

#[test]
fn a_draft_is_refused_with_all_that_is_wrong_at_once() {
    let draft =
        Draft { command: "a | b".into(), size_factor: 1, keep_last: 0, kind: Kind::Command, cron: "61 * * * *".into(), ..Draft::default() };
    let secrets = Secrets { url: "postgresql://a/b".into(), ..Secrets::default() };
    let error = validate::check(draft, &secrets).unwrap_err();
    let fields: Vec<&str> = error.field_errors().iter().map(|error| error.field.as_str()).collect();
    assert_eq!(fields, ["name", "command", "url", "cron", "size_factor", "keep_last"]);
    let both = Draft { name: "x".into(), every_hours: Some(2), cron: "0 2 * * *".into(), ..Draft::default() };
    assert_eq!(validate::check(both, &Secrets::default()).unwrap_err().field_errors()[0].field, "cron");
}

#[test]
fn a_postgresql_dump_brings_its_own_command_and_a_key_of_its_name() {
    let draft = validate::check(Draft { name: " Shop (live) ".into(), ..Draft::default() }, &Secrets::default()).unwrap();
    assert_eq!((draft.key.as_str(), draft.command.as_str()), ("shop-live", "pg_dump --format=custom --no-password"));
    assert_eq!(draft.extension(), "dump");
}

#[test]
fn giving_one_way_to_say_when_takes_the_place_of_the_other() {
    let before = Draft { cron: "0 2 * * *".into(), ..Draft::default() };
    let given = flat::read(json!({ "every_hours": 6 }), &before).unwrap().draft;
    assert_eq!((given.every_hours, given.cron.as_str()), (Some(6), ""));
    let back = flat::read(json!({ "cron": "0 3 * * *" }), &given).unwrap().draft;
    assert_eq!((back.every_hours, back.cron.as_str()), (None, "0 3 * * *"));
    assert!(flat::read(json!({ "comand": "x" }), &before).unwrap_err().message().contains("comand"), "a misspelt field is told");
}

#[test]
fn every_so_many_hours_means_full_hours_of_utc_and_cron_the_zone() {
    let hours = |count| Draft { every_hours: Some(count), ..Draft::default() };
    assert_eq!(schedule::next_after(&hours(6), &TimeZone::UTC, MONDAY), Some(MONDAY + HOUR * 6), "strictly after");
    assert_eq!(schedule::next_after(&hours(24), &TimeZone::UTC, MONDAY), Some(MONDAY + HOUR * 12));
    let cron = Draft { cron: "30 2 * * *".into(), ..Draft::default() };
    let berlin = kernel::time::parse_zone("Europe/Berlin").unwrap();
    assert_eq!(schedule::next_after(&cron, &berlin, MONDAY).unwrap().rfc3339(), "2026-03-03T01:30:00Z");
    assert_eq!(schedule::next_after(&cron, &TimeZone::UTC, MONDAY).unwrap().rfc3339(), "2026-03-03T02:30:00Z");
}

#[test]
fn rotation_keeps_the_last_few_and_one_of_each_day_week_and_month() {
    let keep = |last, daily, weekly, monthly| Draft {
        keep_last: last,
        keep_daily: daily,
        keep_weekly: weekly,
        keep_monthly: monthly,
        ..Draft::default()
    };
    // Four a day for sixty days; the newest has the highest number.
    let good: Vec<(i64, Time)> = (0..240).map(|run| (run, MONDAY - DAY * 60 + HOUR * (6 * run as u32))).collect();
    let kept = |draft: &Draft| {
        let gone = rotation::superfluous(&good, draft, &TimeZone::UTC);
        good.iter().map(|(id, _)| *id).filter(|id| !gone.contains(id)).collect::<Vec<_>>()
    };
    assert_eq!(kept(&keep(3, 0, 0, 0)), [237, 238, 239]);
    let days = kept(&keep(1, 7, 0, 0));
    assert_eq!(days.len(), 7);
    assert!(days.windows(2).all(|pair| pair[1] - pair[0] == 4 || pair[1] == 239), "the newest of each day: {days:?}");
    assert_eq!(kept(&keep(1, 0, 3, 0)).len(), 3);
    assert_eq!(kept(&keep(1, 0, 0, 12)).len(), 3, "there are only three months: January, February, March");
    assert_eq!(
        kept(&keep(3, 7, 4, 6)).first().copied(),
        good.iter().rfind(|(_, at)| at.rfc3339().as_str() < "2026-02-01").map(|(id, _)| *id)
    );
    assert_eq!(
        kept(&Draft { keep_last: 0, keep_daily: 0, keep_weekly: 0, keep_monthly: 0, ..Draft::default() }),
        [239],
        "never the newest"
    );
    assert_eq!(rotation::superfluous(&[(7, MONDAY)], &keep(1, 0, 0, 0), &TimeZone::UTC), Vec::<i64>::new());
}

#[test]
fn a_size_is_doubted_when_it_shrank_and_only_remarked_upon_when_it_grew() {
    assert!(verdict::compared(60, Some(100), 2).is_ok);
    assert!(!verdict::compared(49, Some(100), 2).is_ok);
    assert!(verdict::compared(1_000, Some(100), 2).note.contains("grew"));
    assert!(verdict::compared(1_000, Some(100), 2).is_ok);
    assert!(verdict::compared(1, None, 2).is_ok);
    assert!(!verdict::is_not_empty(0).is_ok);
}

#[test]
fn text_dumps_say_at_their_end_that_they_are_whole() {
    assert!(verdict::ending(Kind::Sqlite, &[], b"INSERT;\nCOMMIT;\n").unwrap().is_ok);
    assert!(!verdict::ending(Kind::Sqlite, &[], b"INSERT;\nROLLBACK; -- due to errors\n").unwrap().is_ok);
    let gave_up = b"BEGIN TRANSACTION;\n/**** ERROR: (8) attempt to write a readonly database *****/\nROLLBACK; -- due to errors\n";
    let note = verdict::ending(Kind::Sqlite, &[], gave_up).unwrap().note;
    assert!(note.starts_with("sqlite3 gave up: (8) attempt to write a readonly database. A file in WAL mode"), "{note}");
    assert!(verdict::ending(Kind::Mysql, &[], b"x\n-- Dump completed on 2026-03-02 12:00:00\n").unwrap().is_ok);
    assert!(!verdict::ending(Kind::Mysql, &[], b"x\n-- Dump comp").unwrap().is_ok);
    assert!(verdict::ending(Kind::Command, &[], b"anything").is_none());
    let plain = |line: &str, tail: &[u8]| verdict::ending(Kind::Postgresql, &command::split(line).unwrap(), tail);
    let end = b"--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict token\n";
    assert!(plain("pg_dump", end).unwrap().is_ok);
    assert!(!plain("pg_dump", b"insert into").unwrap().is_ok);
    assert!(!plain("pg_dumpall", end).unwrap().is_ok, "the end of one database is not the end of all");
    assert!(plain("pg_dump -Fc", b"").is_none());
}

/// Packs with `lock`, then unpacks what `damage` made of it.
fn there_and_back(lock: &Lock, key: &Key, damage: impl FnOnce(&mut Vec<u8>)) -> std::io::Result<(Vec<u8>, bool)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("packed");
    let raw: Vec<u8> = (0..700_000u32).flat_map(|number| (number.wrapping_mul(2_654_435_761) >> 20).to_le_bytes()).collect();
    let mut packer = Packer::new(std::fs::File::create(&path).unwrap(), lock).unwrap();
    raw.chunks(50_000).for_each(|chunk| packer.write(chunk).unwrap());
    let packed = packer.finish().unwrap();
    let mut stored = std::fs::read(&path).unwrap();
    assert_eq!((packed.raw, packed.stored), (raw.len() as u64, stored.len() as u64));
    damage(&mut stored);
    let (sender, chunks) = tokio::sync::mpsc::channel(1_000);
    stored.chunks(9_999).for_each(|chunk| sender.try_send(Bytes::copy_from_slice(chunk)).unwrap());
    drop(sender);
    let (sink, mut dump) = tokio::sync::mpsc::channel(1_000);
    let unpacked = seal::unpack(chunks, key, Some(sink))?;
    let mut back = Vec::new();
    while let Some(bytes) = dump.blocking_recv() {
        back.extend_from_slice(&bytes);
    }
    assert_eq!(back.len() as u64, unpacked.raw);
    Ok((back.clone(), back == raw && unpacked.sha256 == packed.sha256 && unpacked.tail == packed.tail))
}

#[test]
fn what_was_packed_comes_back_by_every_lock_and_damage_never_passes() {
    let (identity, recipient) = seal::new_key();
    let words = || Secret::new("correct horse battery");
    let pairs = [
        (Lock::Nobody, Key::None),
        (Lock::Recipient(recipient.clone()), Key::Identity(identity.clone())),
        (Lock::Passphrase(words()), Key::Passphrase(words())),
    ];
    for (lock, key) in &pairs {
        assert!(there_and_back(lock, key, |_| {}).unwrap().1);
    }
    for (lock, key) in &pairs[..2] {
        assert!(there_and_back(lock, key, |stored| stored.truncate(stored.len() - 1)).is_err(), "one byte short");
        assert!(there_and_back(lock, key, |stored| stored.truncate(stored.len() / 2)).is_err(), "half");
        let flip = |stored: &mut Vec<u8>| {
            let middle = stored.len() / 2;
            stored[middle] ^= 1;
        };
        assert!(there_and_back(lock, key, flip).is_err(), "a flipped bit");
    }
    let (other, _) = seal::new_key();
    assert!(there_and_back(&Lock::Recipient(recipient), &Key::Identity(other), |_| {}).is_err(), "another key opens nothing");
}
