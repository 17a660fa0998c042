//! Our server: the release binary on a fresh folder, with one project.

use rusqlite::{Connection, OpenFlags};
use std::path::PathBuf;
use tests::{Client, Hermetic, people, process as program};

use crate::pages::{self, Times};
use crate::process::Meter;
use crate::{Pages, Server};

const KEY: &str = "0123456789abcdef0123456789abcdef";

pub struct Ours {
    served: Hermetic,
    owner: Client,
    folder: tempfile::TempDir,
}

/// Not running: its files may be changed.
pub struct Stopped {
    pub folder: tempfile::TempDir,
    owner: Client,
}

impl Stopped {
    pub async fn start(self) -> Ours {
        let served = Hermetic::serve(self.folder.path()).await;
        let owner = self.owner.moved_to(&served.url);
        Ours { served, owner, folder: self.folder }
    }
}

impl Ours {
    pub async fn start() -> Ours {
        let folder = tempfile::tempdir().unwrap();
        let mut served = Hermetic::serve(folder.path()).await;
        let owner = people::set_up(&served).await;
        assert!(served.stop().await.success());
        program::apply(
            folder.path(),
            &format!("[[projects]]\nslug = \"shop\"\nname = \"Shop\"\n[[projects.keys]]\nlabel = \"bench\"\npublic_key = \"{KEY}\"\n"),
        );
        let served = Hermetic::serve(folder.path()).await;
        let owner = owner.moved_to(&served.url);
        // What is looked at as idle has done its first work.
        tokio::time::sleep(std::time::Duration::from_secs(8)).await;
        Ours { served, owner, folder }
    }

    pub async fn stop(mut self) -> Stopped {
        assert!(self.served.stop().await.success());
        Stopped { folder: self.folder, owner: self.owner }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("data").join(name)
    }

    pub fn number(&self, file: &str, sql: &str) -> i64 {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(self.file(file), flags).unwrap();
        connection.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    pub async fn pages(&self) -> Pages {
        let list = self.owner.get("/errors").await;
        let issue = pages::first_link(&list.text, "/errors/").unwrap_or_else(|| panic!("the list shows no issue"));
        Pages { list: self.time("/errors").await, event: self.time(&format!("{issue}/events/latest")).await }
    }

    pub async fn time(&self, path: &str) -> Times {
        let target = match self.owner.get(path).await {
            answer if answer.code == 303 => answer.location().unwrap().to_owned(),
            _ => path.to_owned(),
        };
        pages::time(&self.owner, &target).await
    }
}

impl Server for Ours {
    fn door(&self) -> (String, String, String) {
        let address = self.served.url.trim_start_matches("http://").to_owned();
        (address, "/api/1/envelope/".to_owned(), KEY.to_owned())
    }

    fn digested(&self) -> u64 {
        self.number("hermetic.db", "select coalesce(sum(events), 0) from errors_issues").unsigned_abs()
    }

    fn stored(&self) -> u64 {
        let pages = |file: &str| self.number(file, "select page_count * page_size from pragma_page_count, pragma_page_size").unsigned_abs();
        pages("hermetic.db") + pages("telemetry.db")
    }

    fn meter(&self) -> Meter {
        Meter::start(&[self.served.pid()])
    }
}
