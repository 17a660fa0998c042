//! Bugsink 2.6.2 as its guide runs it: gunicorn with two workers, snappea with four, SQLite. Installed by `tests/run errors`.

use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tests::{Client, eventually_async};

use crate::pages::{self};
use crate::process::Meter;
use crate::{Pages, Server};

/// Quotas are raised, or it would drop most of what it accepts; http, because there is no proxy before it.
const SETTINGS: &str = r#"
SECURE_PROXY_SSL_HEADER = None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = False
ALLOWED_HOSTS = ["*"]
BUGSINK.update({"BASE_URL": "http://ADDRESS", "PHONEHOME": False, "MAX_EVENTS_PER_5_MINUTES": 10**8, "MAX_EVENTS_PER_HOUR": 10**8,
    "MAX_EVENTS_PER_MONTH": 10**8, "MAX_EVENTS_PER_PROJECT_PER_5_MINUTES": 10**8, "MAX_EVENTS_PER_PROJECT_PER_HOUR": 10**8,
    "MAX_EVENTS_PER_PROJECT_PER_MONTH": 10**8})
"#;
const PROJECT: &str = "
from teams.models import Team
from projects.models import Project
from django.contrib.auth import get_user_model
project = Project.objects.create(name='shop', team=Team.objects.create(name='team'), retention_max_event_count=10**6)
get_user_model().objects.create_superuser(username='a@example.com', email='a@example.com', password='benchmark')
print(project.sentry_key.hex)
";

pub struct Bugsink {
    processes: Vec<Child>,
    address: String,
    key: String,
    folder: tempfile::TempDir,
}

impl Bugsink {
    pub async fn start() -> Bugsink {
        let folder = tempfile::tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        let base = folder.path();
        let conf = ["--template=singleserver", "--host=127.0.0.1", "--base-dir", base.to_str().unwrap()];
        tool(base, "bugsink-create-conf", &conf);
        let file = base.join("bugsink_conf.py");
        let text = std::fs::read_to_string(&file).unwrap() + &SETTINGS.replace("ADDRESS", &address);
        std::fs::write(&file, text).unwrap();
        tool(base, "bugsink-manage", &["migrate"]);
        tool(base, "bugsink-manage", &["migrate", "snappea", "--database=snappea"]);
        let key = tool(base, "bugsink-manage", &["shell", "-c", PROJECT]).lines().last().unwrap_or_default().trim().to_owned();
        let gunicorn =
            ["--bind", &address, "--workers=2", "--timeout=6", "--max-requests=1000", "--max-requests-jitter=100", "bugsink.wsgi"];
        let processes = vec![start(base, "gunicorn", &gunicorn), start(base, "bugsink-runsnappea", &[])];
        let client = Client::new(&format!("http://{address}"));
        eventually_async("Bugsink answers", Duration::from_secs(60), async || {
            let answer = client.try_send(http::Method::GET, "/health/ready", &[], String::new()).await;
            answer.is_ok_and(|answer| answer.code == 200).then_some(())
        })
        .await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        Bugsink { processes, address, key, folder }
    }

    pub async fn pages(&self) -> Pages {
        let client = Client::new(&format!("http://{}", self.address));
        let form = client.visit("/accounts/login/").await.expect(200);
        client.submit(&form, &[("username", "a@example.com"), ("password", "benchmark")]).await.expect(302);
        let list = "/issues/1/";
        let page = client.get(list).await.expect(200);
        let links = page.text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let event = links.filter(|link| link.starts_with("/issues/issue/") && link.contains("/event/")).map(str::to_owned).next();
        let event = event.unwrap_or_else(|| panic!("the peer's list shows no issue"));
        let event = match client.get(&event).await {
            answer if answer.code == 302 => answer.location().unwrap().to_owned(),
            _ => event,
        };
        Pages { list: pages::time(&client, list).await, event: pages::time(&client, &event).await }
    }

    fn number(&self, sql: &str) -> u64 {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(self.folder.path().join("db.sqlite3"), flags).unwrap();
        connection.busy_timeout(Duration::from_secs(10)).unwrap();
        connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap().unsigned_abs()
    }
}

impl Server for Bugsink {
    fn door(&self) -> (String, String, String) {
        (self.address.clone(), "/api/1/envelope/".to_owned(), self.key.clone())
    }

    fn digested(&self) -> u64 {
        self.number("select count(*) from events_event")
    }

    fn stored(&self) -> u64 {
        self.number("select page_count * page_size from pragma_page_count, pragma_page_size")
    }

    fn meter(&self) -> Meter {
        Meter::start(&self.processes.iter().map(Child::id).collect::<Vec<_>>())
    }
}

impl Drop for Bugsink {
    fn drop(&mut self) {
        for child in &mut self.processes {
            let _ = Command::new("kill").args(["-TERM", "--", &format!("-{}", child.id())]).status();
            let _ = child.wait();
        }
    }
}

fn bin() -> PathBuf {
    let folder = tests::target_dir().join("bugsink/bin");
    assert!(folder.join("bugsink-manage").exists(), "Bugsink is not installed; run `tests/run errors`");
    folder
}

fn command(base: &Path, program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(bin().join(program));
    command.args(arguments).current_dir(base).stdin(Stdio::null()).env("PYTHONUNBUFFERED", "1");
    command
}

fn tool(base: &Path, program: &str, arguments: &[&str]) -> String {
    let done = command(base, program, arguments).output().unwrap();
    assert!(done.status.success(), "{program}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).into_owned()
}

/// In a group of its own, so that what it starts is counted and ended with it.
fn start(base: &Path, program: &str, arguments: &[&str]) -> Child {
    use std::os::unix::process::CommandExt as _;
    let log = std::fs::File::create(base.join(format!("{program}.log"))).unwrap();
    command(base, program, arguments).process_group(0).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap()
}
