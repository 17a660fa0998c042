//! What `packaging/` promises and can be checked without booting; `tests/run package` boots it.

use std::process::Command;

use tests::{process, root};

/// systemd-analyze ends with 0 on unknown keys: only an empty stderr means that it understood everything.
#[test]
fn systemd_understands_every_line_of_the_unit() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let unit = std::fs::read_to_string(root().join("packaging/systemd/hermetic.service")).expect("the unit");
    let binary = process::binary();
    // The check wants the program to exist; on a machine that only tests it, it is the one just built.
    let unit = unit.replace("/usr/bin/hermetic", &binary.to_string_lossy());
    // The guide lies where the package puts it, which the machine of the test does not have.
    let unit: String = unit.lines().filter(|line| !line.starts_with("Documentation=")).map(|line| format!("{line}\n")).collect();
    let path = folder.path().join("hermetic.service");
    std::fs::write(&path, unit).expect("a copy of the unit");
    let checked = Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&path).output();
    let checked = checked.expect("systemd-analyze is missing: tests/run setup installs it");
    assert_eq!(String::from_utf8_lossy(&checked.stderr), "", "systemd-analyze verify has something to say");
    assert!(checked.status.success());
}

#[test]
fn the_unit_leaves_little_to_an_attacker() {
    let unit = root().join("packaging/systemd/hermetic.service");
    let rated = Command::new("systemd-analyze").args(["security", "--offline=true", "--no-pager", "--threshold=20"]).arg(&unit).output();
    let rated = rated.expect("systemd-analyze is missing: tests/run setup installs it");
    let text = String::from_utf8_lossy(&rated.stdout).into_owned();
    assert!(
        rated.status.success(),
        "systemd rates the unit worse than 2.0: {}{}",
        text.lines().last().unwrap_or_default(),
        String::from_utf8_lossy(&rated.stderr)
    );
}

/// A dump's own program may run out of memory when it is checked; the default would stop the whole service for it.
#[test]
fn a_program_of_a_dump_that_runs_out_of_memory_ends_alone() {
    let unit = std::fs::read_to_string(root().join("packaging/systemd/hermetic.service")).expect("the unit");
    assert!(unit.lines().any(|line| line == "OOMPolicy=continue"));
}

#[test]
fn systemd_understands_the_user_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = root().join("packaging/systemd/hermetic.sysusers");
    std::fs::create_dir(folder.path().join("etc")).expect("an empty tree");
    let made = Command::new("systemd-sysusers")
        .arg("--root")
        .arg(folder.path())
        .arg(&file)
        .output()
        .expect("systemd-sysusers is missing: tests/run setup installs it");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let users = std::fs::read_to_string(folder.path().join("etc/passwd")).unwrap_or_default();
    assert!(users.contains("hermetic:") && users.contains(":/var/lib/hermetic:"), "{users}");
}

#[tokio::test]
async fn the_sample_config_is_accepted_as_it_stands() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = root().join("packaging/hermetic.toml");
    let settings = [("HERMETIC_CONFIG", file.to_string_lossy().into_owned())];
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut served = tests::Hermetic::serve_with(folder.path(), &settings).await;
    assert!(served.stop().await.success());
}

/// Every key in the sample is one the binary knows with every comment sign removed too.
#[tokio::test]
async fn every_commented_key_of_the_sample_exists() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sample = std::fs::read_to_string(root().join("packaging/hermetic.toml")).expect("the sample");
    let key = folder.path().join("secret.key");
    let open: String = sample
        .lines()
        .map(|line| {
            line.strip_prefix("# ")
                .filter(|rest| {
                    rest.split_once(" = ").is_some_and(|(name, _)| name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_'))
                })
                .unwrap_or(line)
        })
        .map(|line| match line.split(' ').next() {
            Some("key_file") => format!("key_file = {:?}\n", key.to_string_lossy()),
            // The instance of the test names its own ready file.
            Some("ready_file") => String::new(),
            _ => format!("{line}\n"),
        })
        .collect();
    assert!(open.contains("\npublic_url = ") && open.contains("\nkey_file = "), "{open}");
    let file = folder.path().join("hermetic.toml");
    std::fs::write(&file, open).expect("the opened sample");
    let mut served = tests::Hermetic::serve_with(folder.path(), &[("HERMETIC_CONFIG", &file.to_string_lossy())]).await;
    assert!(served.stop().await.success());
}

#[test]
fn the_scripts_of_the_package_are_shell() {
    for script in ["postinst", "prerm", "postrm"] {
        let checked = Command::new("sh").arg("-n").arg(root().join("packaging/deb").join(script)).output().expect("sh");
        assert!(checked.status.success(), "{script}: {}", String::from_utf8_lossy(&checked.stderr));
    }
}
