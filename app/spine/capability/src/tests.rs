use crate::settings::{self, Setting, SettingKind};
use crate::{Boot, Capability, Cx, Registry};
use db::{Db, File, Migrations, OpenOptions};
use kernel::text::WebUrl;
use kernel::{Clock, Sealer, Time};
use outbound::{Outbound, OutboundOptions};
use tokio_util::sync::CancellationToken;

/// A house of these capabilities. (The test kit stands above this crate.)
pub fn house(folder: &tempfile::TempDir, capabilities: &'static [&'static dyn Capability]) -> Cx {
    let clock = Clock::frozen(Time(1_772_452_800_000));
    let boot = Boot {
        data_dir: folder.path().to_owned(),
        listen: std::net::SocketAddr::from(([127, 0, 0, 1], 0)),
        public_url: WebUrl::parse("http://hermetic.example").unwrap(),
        version: "test",
        is_demo: false,
    };
    crate::open(crate::OpenOptions {
        boot,
        registry: Registry(capabilities),
        outbound: Outbound::new(OutboundOptions::new(clock.clone(), "hermetic-test")).unwrap(),
        clock,
        sealer: Sealer::new(&[5; 32]),
        accepts_new_key: false,
        log_folder: None,
        checkpoints: db::Checkpoints::Automatic,
        shutdown: CancellationToken::new(),
    })
    .unwrap()
}

const NUMBER: Setting =
    Setting { key: "test.number", label: "Number", help: "", kind: SettingKind::Number { min: 1.0, max: 9.0, unit: "s" }, default: "3" };
const SECRET: Setting = Setting { key: "test.secret", label: "Secret", help: "", kind: SettingKind::Secret, default: "" };
const HOST: Setting = Setting { key: "test.host", label: "Host", help: "", kind: SettingKind::Host, default: "" };

fn open(folder: &tempfile::TempDir) -> Db {
    let db = Db::open(OpenOptions {
        folder: folder.path().to_owned(),
        file: File::Hermetic,
        readers: 1,
        clock: Clock::frozen(Time(1)),
        checkpoints: db::Checkpoints::Automatic,
        floor: 0,
    })
    .unwrap();
    db.migrate(vec![Migrations { owner: "capability", list: crate::MIGRATIONS }]).unwrap();
    db
}

#[test]
fn a_setting_is_its_default_until_it_is_set_and_again_after_it_is_cleared() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder);
    let sealer = Sealer::new(&[1; 32]);
    let read = |db: &Db| db.read_blocking(|r| settings::number(r, &NUMBER)).unwrap();
    assert!((read(&db) - 3.0).abs() < f64::EPSILON);
    db.write_blocking(move |tx| settings::set(tx, &sealer, &NUMBER, " 7 ")).unwrap();
    assert!((read(&db) - 7.0).abs() < f64::EPSILON);
    db.write_blocking(|tx| settings::clear(tx, &NUMBER)).unwrap();
    assert!((read(&db) - 3.0).abs() < f64::EPSILON);
}

#[test]
fn a_value_that_does_not_fit_is_refused_with_the_fix() {
    let sentence = |setting: &Setting, value: &str| settings::checked(setting, value).unwrap_err().message().to_owned();
    assert_eq!(sentence(&NUMBER, "12"), "“Number” is a number from 1 to 9 s.");
    assert_eq!(sentence(&NUMBER, "NaN"), "“Number” is a number from 1 to 9 s.");
    assert!(sentence(&HOST, "https://x.example").starts_with("A host name looks like"));
    assert_eq!(settings::checked(&HOST, "Status.Example.com").unwrap(), "status.example.com");
}

#[test]
fn a_secret_rests_sealed_and_an_empty_field_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder);
    let sealer = Sealer::new(&[1; 32]);
    let key = sealer.clone();
    db.write_blocking(move |tx| settings::set(tx, &key, &SECRET, "hunter2")).unwrap();
    let key = sealer.clone();
    db.write_blocking(move |tx| settings::set(tx, &key, &SECRET, "")).unwrap();
    let stored = db.read_blocking(|r| settings::text(r, &SECRET)).unwrap();
    assert!(!stored.contains("hunter2"));
    let opened = db.read_blocking(|r| settings::secret(r, &sealer, &SECRET)).unwrap().unwrap();
    assert_eq!(opened.expose(), "hunter2");
}

#[test]
fn a_secret_of_a_lost_key_file_says_that_it_must_be_entered_again() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder);
    let (gone, sealer) = (Sealer::new(&[9; 32]), Sealer::new(&[1; 32]));
    db.write_blocking(move |tx| settings::set(tx, &gone, &SECRET, "hunter2")).unwrap();
    let error = db.read_blocking(|r| settings::secret(r, &sealer, &SECRET)).unwrap_err();
    assert!(error.public_message().contains("enter it again"), "{}", error.public_message());
    let key = sealer.clone();
    db.write_blocking(move |tx| settings::set(tx, &key, &SECRET, "again")).unwrap();
    assert_eq!(db.read_blocking(|r| settings::secret(r, &sealer, &SECRET)).unwrap().unwrap().expose(), "again");
}
