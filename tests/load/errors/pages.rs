//! How long a page takes, asked by one client, one after the other.

use kernel::time::Stopwatch;
use tests::Client;

#[derive(Default)]
pub struct Times {
    /// The median.
    pub ms: f64,
    pub bytes: f64,
}

pub async fn time(client: &Client, path: &str) -> Times {
    let mut times = Vec::new();
    let mut bytes = 0;
    for _ in 0..17 {
        let watch = Stopwatch::start();
        let answer = client.get(path).await.expect(200);
        times.push(watch.elapsed().as_secs_f64() * 1e3);
        bytes = answer.text.len();
    }
    // The first two fill caches.
    let mut times = times.split_off(2);
    times.sort_by(f64::total_cmp);
    Times { ms: times[times.len() / 2], bytes: bytes as f64 }
}

/// The first link that begins with `start` and goes on with a number or a letter.
pub fn first_link(html: &str, start: &str) -> Option<String> {
    let links = html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    links
        .filter(|link| link.strip_prefix(start).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())))
        .map(str::to_owned)
        .next()
}
