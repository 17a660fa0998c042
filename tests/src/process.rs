//! The real binary: found or built, started on port 0 in a temporary folder, killed hard, started again.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command as AsyncCommand};

use crate::wait::eventually;

const START: Duration = Duration::from_secs(30);

/// What `hermetic serve` writes into HERMETIC_READY_FILE when it answers.
#[derive(Debug, Clone, Deserialize)]
struct Ready {
    url: String,
    setup_url: Option<String>,
}

/// One running `hermetic serve`. Killed when dropped.
#[derive(Debug)]
pub struct Hermetic {
    child: Child,
    /// Where it answers: `http://127.0.0.1:PORT`.
    pub url: String,
    /// Where the first owner is made; only on a fresh folder.
    pub setup_url: Option<String>,
    folder: PathBuf,
    settings: Vec<(String, String)>,
}

impl Hermetic {
    /// Serves the data folder `folder`/data; the log lies in `folder`/log.
    pub async fn serve(folder: &Path) -> Self {
        Self::serve_with(folder, &[]).await
    }

    /// Like [`Hermetic::serve`], with more `HERMETIC_*` settings.
    pub async fn serve_with(folder: &Path, settings: &[(&str, &str)]) -> Self {
        let settings: Vec<(String, String)> = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (child, ready) = launch(folder, &settings).await;
        Self { child, url: ready.url.trim_end_matches('/').to_owned(), setup_url: ready.setup_url, folder: folder.to_owned(), settings }
    }

    pub fn pid(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }

    /// `kill -9`, and waits until it is gone.
    pub async fn kill(&mut self) {
        self.child.kill().await.unwrap_or_else(|error| panic!("kill -9: {error}"));
    }

    /// Starts again on the same folder; the port is another one.
    pub async fn restart(&mut self) {
        let (child, ready) = launch(&self.folder, &self.settings).await;
        self.child = child;
        self.url = ready.url.trim_end_matches('/').to_owned();
        self.setup_url = ready.setup_url;
    }

    /// Asks it to end (SIGTERM) and gives what it ended with.
    pub async fn stop(&mut self) -> ExitStatus {
        let asked = Command::new("sh").arg("-c").arg(format!("kill -TERM {}", self.pid())).status();
        assert!(asked.is_ok_and(|status| status.success()), "SIGTERM could not be sent");
        let ended = tokio::time::timeout(Duration::from_secs(30), self.child.wait()).await;
        let ended = ended.unwrap_or_else(|_| panic!("30 s after SIGTERM it still runs; its log:\n{}", self.log()));
        ended.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Everything it wrote to stderr so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    pub fn data_dir(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Another command of the same binary on the same data.
    pub fn command(&self, arguments: &[&str]) -> Output {
        let mut command = bare_command();
        command.args(arguments).env("HERMETIC_DATA_DIR", self.data_dir());
        for (name, value) in &self.settings {
            command.env(name, value);
        }
        command.output().unwrap_or_else(|error| panic!("hermetic {arguments:?}: {error}"))
    }
}

/// What `hermetic demo --json` prints.
#[derive(Debug, Clone, Deserialize)]
pub struct Demo {
    pub url: String,
    pub owner: DemoOwner,
    pub api_key: String,
}

#[derive(Debug, Clone, Deserialize)]
pub struct DemoOwner {
    pub email: String,
    pub password: String,
    pub totp_secret: Option<String>,
}

impl Demo {
    /// Starts the throw-away instance; it ends when the child is dropped.
    pub async fn start() -> (Child, Self) {
        let log = tempfile::NamedTempFile::new().unwrap_or_else(|error| panic!("a temporary file: {error}"));
        let log_end = log.reopen().unwrap_or_else(|error| panic!("{error}"));
        let mut child = asynchronous(bare_command())
            .args(["demo", "--json", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::from(log_end))
            .spawn()
            .unwrap_or_else(|error| panic!("hermetic demo: {error}"));
        let out = child.stdout.take().unwrap_or_else(|| panic!("hermetic demo has no stdout"));
        let mut lines = BufReader::new(out).lines();
        let line = tokio::time::timeout(START, lines.next_line()).await;
        let line = line.unwrap_or_else(|_| panic!("hermetic demo printed nothing in {START:?}")).ok().flatten().unwrap_or_default();
        // The pipe stays open and is emptied: a closed one would end the demo at its next line.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let said = std::fs::read_to_string(log.path()).unwrap_or_default();
        let demo =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("hermetic demo --json printed {line:?}: {error}; it said:\n{said}"));
        (child, demo)
    }
}

/// Runs `hermetic` to its end with nothing of the test's environment but what is given.
pub fn run(arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    let mut command = bare_command();
    command.args(arguments);
    for (name, value) in settings {
        command.env(name, value);
    }
    command.output().unwrap_or_else(|error| panic!("hermetic {arguments:?}: {error}"))
}

/// The last line a command printed; fails with everything it said when it failed.
pub fn last_line(output: &Output, what: &str) -> String {
    let (out, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{what} ended with {}: {out}{said}", output.status);
    out.lines().last().unwrap_or_default().to_owned()
}

/// The JSON a command printed on its last line.
pub fn json_line<T: DeserializeOwned>(output: &Output, what: &str) -> T {
    let line = last_line(output, what);
    serde_json::from_str(&line).unwrap_or_else(|error| panic!("{what} printed {line:?}: {error}"))
}

/// `hermetic apply` of this text on the data of `folder`, while nothing serves it.
pub fn apply(folder: &Path, text: &str) {
    let file = folder.join("apply.toml");
    std::fs::write(&file, text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let data = folder.join("data");
    let output = run(&["apply", "--yes", &file.to_string_lossy()], &[("HERMETIC_DATA_DIR", &data.to_string_lossy())]);
    assert!(
        output.status.success(),
        "hermetic apply: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// `hermetic settings set` on the data of `folder`.
pub fn set(folder: &Path, key: &str, value: &str) {
    let data = folder.join("data");
    let output = run(&["settings", "set", key, value], &[("HERMETIC_DATA_DIR", &data.to_string_lossy())]);
    assert!(output.status.success(), "hermetic settings set {key}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The folder cargo builds into: two above the running test, or above the load driver.
pub fn target_dir() -> PathBuf {
    let here = std::env::current_exe().unwrap_or_else(|error| panic!("where am I: {error}"));
    let profile = here.ancestors().find(|folder| folder.file_name().is_some_and(|name| name == "debug" || name == "release"));
    profile.and_then(Path::parent).map(Path::to_path_buf).unwrap_or_else(|| panic!("{} lies in no target folder", here.display()))
}

/// The binary of the same profile as the running test; built when it is missing. HERMETIC_BINARY names another one.
pub fn binary() -> PathBuf {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY
        .get_or_init(|| {
            if let Some(named) = crate::switch("HERMETIC_BINARY") {
                return PathBuf::from(named);
            }
            let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
            let path = target_dir().join(profile).join("hermetic");
            if !path.exists() {
                let mut build = Command::new(crate::switch("CARGO").unwrap_or_else(|| "cargo".to_owned()));
                build.args(["build", "--locked", "--quiet", "-p", "hermetic", "--target-dir"]).arg(target_dir()).current_dir(crate::root());
                if profile == "release" {
                    build.arg("--release");
                }
                let built = build.status();
                assert!(built.is_ok_and(|status| status.success()), "cargo build -p hermetic failed");
            }
            path
        })
        .clone()
}

/// Without the environment of the test run: what the tests prove must not hang on a developer's shell.
pub fn bare_command() -> Command {
    let mut command = Command::new(binary());
    command.env_clear().env("PATH", crate::switch("PATH").unwrap_or_default()).stdin(Stdio::null());
    for kept in ["HERMETIC_TEST_RUN", "TMPDIR", "RUST_BACKTRACE"] {
        if let Some(value) = crate::switch(kept) {
            command.env(kept, value);
        }
    }
    command
}

fn asynchronous(command: Command) -> AsyncCommand {
    let mut command = AsyncCommand::from(command);
    command.kill_on_drop(true);
    command
}

async fn launch(folder: &Path, settings: &[(String, String)]) -> (Child, Ready) {
    let ready_file = folder.join("ready.json");
    let _ = std::fs::remove_file(&ready_file);
    let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.join("log"));
    let log = log.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut command = bare_command();
    command
        .args(["serve", "--listen", "127.0.0.1:0"])
        .env("HERMETIC_DATA_DIR", folder.join("data"))
        .env("HERMETIC_READY_FILE", &ready_file);
    for (name, value) in settings {
        command.env(name, value);
    }
    let mut child = asynchronous(command)
        .stdout(Stdio::null())
        .stderr(Stdio::from(log))
        .spawn()
        .unwrap_or_else(|error| panic!("hermetic serve: {error}"));
    let said = || std::fs::read_to_string(folder.join("log")).unwrap_or_default();
    let ready = eventually("hermetic serve becomes ready", START, || {
        if let Ok(Some(ended)) = child.try_wait() {
            panic!("hermetic serve ended ({ended}) before it was ready:\n{}", said());
        }
        serde_json::from_str::<Ready>(&std::fs::read_to_string(&ready_file).ok()?).ok()
    })
    .await;
    (child, ready)
}
