//! The real program, with its own defaults.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use testkit::S3;

/// Where `tests/run` put it, beside this program's own build; HERMETIC_LITESTREAM names another.
pub fn program() -> PathBuf {
    let named = tests::switch("HERMETIC_LITESTREAM").map(PathBuf::from);
    let here = std::env::current_exe().unwrap();
    let path = named.unwrap_or_else(|| here.ancestors().nth(3).unwrap().join("litestream/litestream"));
    assert!(path.exists(), "the real litestream is not here; `tests/run setup` installs it");
    path
}

fn command() -> Command {
    let mut command = Command::new(program());
    // It dies of a variable that machines with an authority of their own set.
    command.env_remove("AWS_CA_BUNDLE").env("AWS_ACCESS_KEY_ID", S3::ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", S3::SECRET_KEY);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// `litestream replicate`. Killed when dropped.
pub struct Real(Child);

impl Real {
    pub fn start(folder: &Path, database: &Path, url: &str) -> Real {
        let config = folder.join("litestream.yml");
        std::fs::write(&config, format!("dbs:\n  - path: {}\n    replica:\n      url: {url}\n", database.display())).unwrap();
        Real(command().args(["replicate", "-config"]).arg(config).spawn().unwrap())
    }

    pub fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub fn restore(url: &str, out: &Path) -> Command {
    let mut command = command();
    command.arg("restore").arg("-o").arg(out).arg(url);
    command
}
