//! The S3 server of the test kit in a process of its own, which counts what each replica asked of it.

use std::io::BufRead;
use std::path::PathBuf;

use testkit::S3;
use testkit::fakes::S3Request;

use crate::child::Helper;

/// Requests to one path of the bucket, and the bytes they brought.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Asked {
    pub requests: f64,
    pub puts: f64,
    pub lists: f64,
    pub bytes_up: f64,
}

impl Asked {
    pub fn since(self, before: Asked) -> Asked {
        Asked {
            requests: self.requests - before.requests,
            puts: self.puts - before.puts,
            lists: self.lists - before.lists,
            bytes_up: self.bytes_up - before.bytes_up,
        }
    }
}

pub struct Server {
    helper: Helper,
    endpoint: String,
    /// Objects are files in it.
    pub folder: PathBuf,
}

impl Server {
    pub fn start() -> Server {
        let helper = Helper::start(&["server"]);
        let (endpoint, folder) = helper.hello.split_once(' ').unwrap();
        Server { endpoint: endpoint.to_owned(), folder: PathBuf::from(folder), helper }
    }

    pub fn url(&self, path: &str) -> String {
        format!("s3://{}/{path}?endpoint={}&region=us-east-1&force-path-style=true", S3::BUCKET, self.endpoint)
    }

    pub fn asked(&mut self, path: &str) -> Asked {
        let answer = self.helper.ask(path);
        let numbers: Vec<f64> = answer.split(' ').map(|number| number.parse().unwrap()).collect();
        Asked { requests: numbers[0], puts: numbers[1], lists: numbers[2], bytes_up: numbers[3] }
    }
}

/// The child: says where it is, then answers each path with its counts, until its input ends.
pub fn run() {
    let s3 = S3::start();
    println!("{} {}", s3.endpoint(), s3.folder().display());
    for path in std::io::stdin().lock().lines() {
        let path = path.unwrap();
        let requests = s3.requests();
        let of_path: Vec<&S3Request> = requests.iter().filter(|request| is_of(request, &path)).collect();
        let count = |is_it: &dyn Fn(&S3Request) -> bool| of_path.iter().filter(|request| is_it(request)).count();
        let puts = count(&|request| request.method == "PUT");
        let lists = count(&|request| request.query.contains("list-type"));
        let bytes: u64 = of_path.iter().filter(|request| request.method == "PUT").map(|request| length(request)).sum();
        println!("{} {puts} {lists} {bytes}", of_path.len());
    }
}

fn is_of(request: &S3Request, path: &str) -> bool {
    let object = format!("/{}/{path}/", S3::BUCKET);
    request.path.starts_with(&object)
        || request.query.contains(&format!("prefix={path}%2F"))
        || request.query.contains(&format!("prefix={path}/"))
}

fn length(request: &S3Request) -> u64 {
    let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok()?.parse().ok());
    header("x-amz-decoded-content-length").or_else(|| header("content-length")).unwrap_or(0)
}
