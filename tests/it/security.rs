//! What strangers and lesser roles can do: nothing but what the table says. Every route, every role, foreign origins, floods,
//! requests that are too large or never end.

use std::time::Duration;

use http::Method;
use kernel::Role;
use kernel::time::Stopwatch;
use tests::{Answer, Client, Hermetic, people, root};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::routes::{self, Route, Who};

/// Acts that end the caller's own login or change how it signs in: allowed, but not tried in the middle of the matrix.
const ENDS_THE_LOGIN: &[&str] = &["sign-out", "logins", "password", "two-factor", "totp", "recovery"];

/// Doors for keys alone: a signed-in member passes the table and is turned away by the handler, because a probe has to be named by
/// its key.
const KEYS_ONLY: &[&str] = &["/api/v1/uptime/vantages"];

#[test]
fn every_route_stands_in_the_role_matrix() {
    let path = "tests/it/role_matrix.txt";
    let committed = std::fs::read_to_string(root().join(path)).unwrap_or_default();
    let committed: Vec<&str> = committed.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let routes: Vec<String> = routes::all().iter().map(Route::line).collect();
    let new: Vec<&str> = routes.iter().map(String::as_str).filter(|line| !committed.contains(line)).collect();
    let gone: Vec<&str> = committed.iter().copied().filter(|line| !routes.iter().any(|route| route == line)).collect();
    assert!(new.is_empty(), "These routes are new or opened differently. Is that who should pass? Then add to {path}:\n{}", new.join("\n"));
    assert!(gone.is_empty(), "These routes are gone or changed; remove them from {path}:\n{}", gone.join("\n"));
}

#[tokio::test]
async fn every_route_lets_in_exactly_whom_the_table_names() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let served = Hermetic::serve(folder.path()).await;
    let owner = people::set_up(&served).await;
    let key = people::add_key(&owner, Role::Viewer, "uptime:read").await;
    let mut callers = vec![(Who::Visitor, Client::new(&served.url)), (Who::Member(Role::Owner), owner)];
    for role in [Role::Viewer, Role::Member, Role::Admin] {
        callers.push((Who::Member(role), people::add_member(&served, role).await));
    }
    callers.push((Who::Key(Role::Viewer, vec!["uptime:read".to_owned()]), key));
    let mut wrong = Vec::new();
    let mut tried = 0;
    for route in routes::all() {
        for (who, client) in &callers {
            if route.lets_in(who) && route.is_unsafe() && ENDS_THE_LOGIN.iter().any(|word| route.path.contains(word)) {
                continue;
            }
            let answer = knock(client, &route).await;
            tried += 1;
            if let Some(sentence) = verdict(&route, who, &answer) {
                wrong.push(sentence);
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {tried} doors are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn no_page_of_another_site_can_act_for_the_owner() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let served = Hermetic::serve(folder.path()).await;
    let owner = people::set_up(&served).await;
    let foreign: [&[(&str, &str)]; 4] = [
        &[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "cross-site")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
    ];
    let mut wrong = Vec::new();
    for route in routes::all().into_iter().filter(|route| route.is_unsafe() && route.access != "open") {
        for headers in foreign {
            let mut headers = headers.to_vec();
            headers.push(("content-type", "application/x-www-form-urlencoded"));
            let answer = owner.knock(method(&route), &route.address(), &headers, "name=x".to_owned()).await;
            if answer.code != 403 {
                wrong.push(format!("{} with {headers:?} answered {}", route.line(), answer.code));
            }
        }
    }
    assert!(wrong.is_empty(), "These acts can be triggered from another site:\n{}", wrong.join("\n"));
    owner.get("/console").await.expect(200);
}

#[tokio::test]
async fn guessing_passwords_is_slowed_down() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let served = Hermetic::serve(folder.path()).await;
    people::set_up(&served).await;
    let guesser = Client::new(&served.url);
    for guess in 0..40 {
        let password = format!("guess number {guess}");
        let answer = guesser.post_form("/sign-in", &[("email", people::OWNER_EMAIL), ("password", &password)]).await;
        if answer.code == 429 {
            let wait = answer.header("retry-after").and_then(|seconds| seconds.parse::<u64>().ok());
            assert!(wait.is_some_and(|seconds| seconds > 0), "429 without Retry-After");
            return;
        }
        assert_ne!(answer.code, 303, "a wrong password signed in");
    }
    panic!("40 wrong passwords in a row and never a 429");
}

#[tokio::test]
async fn nobody_is_led_to_another_site_after_signing_in() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let served = Hermetic::serve(folder.path()).await;
    people::set_up(&served).await;
    for next in ["//evil.example", "https://evil.example", "/\\evil.example", "/%0d%0aset-cookie:%20a=b", "javascript:alert(1)"] {
        let client = Client::new(&served.url);
        let page = client.visit(&format!("/sign-in?next={}", next.replace('%', "%25").replace(':', "%3A"))).await;
        let answer = client.submit(&page, &[("email", people::OWNER_EMAIL), ("password", people::PASSWORD)]).await;
        let to = answer.location().unwrap_or("/console");
        assert!(to.starts_with('/') && !to.starts_with("//") && !to.starts_with("/\\"), "next={next} leads to {to}");
        assert!(!answer.cookies().iter().any(|cookie| cookie.starts_with("a=")), "next={next} set a cookie");
    }
}

#[tokio::test]
async fn pages_forbid_what_they_do_not_need() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let served = Hermetic::serve(folder.path()).await;
    let owner = people::set_up(&served).await;
    for path in ["/console", "/status", "/sign-in", "/no-such-page"] {
        let answer = owner.get(path).await;
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(
            policy.contains("default-src") && !policy.contains("'unsafe-inline'") && !policy.contains("'unsafe-eval'"),
            "{path}: policy {policy:?}"
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert!(answer.header("referrer-policy").is_some(), "{path} has no referrer policy");
        assert!(policy.contains("frame-ancestors") || answer.header("x-frame-options").is_some(), "{path} may be framed");
    }
    let page = Client::new(&served.url).visit("/sign-in").await;
    let set = Client::new(&served.url).submit(&page, &[("email", people::OWNER_EMAIL), ("password", people::PASSWORD)]).await.cookies();
    assert!(!set.is_empty() && set.iter().all(|cookie| cookie.contains("HttpOnly") && cookie.contains("SameSite")), "{set:?}");
}

#[tokio::test]
async fn a_request_that_is_too_large_is_refused_with_a_sentence() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let served = Hermetic::serve(folder.path()).await;
    let client = Client::new(&served.url);
    let body = format!("email=a%40example.com&password={}", "x".repeat(8 * 1_024 * 1_024));
    let answer = client.try_send(Method::POST, "/sign-in", &[("content-type", "application/x-www-form-urlencoded")], body).await;
    // The server may answer and close while the body is still being sent: then the client sees a broken pipe.
    if let Ok(answer) = answer {
        assert_eq!(answer.code, 413, "{}", answer.text);
    }
    let head = format!("GET / HTTP/1.1\r\nhost: localhost\r\nx-large: {}\r\n\r\n", "x".repeat(256 * 1_024));
    let said = raw(&served, head.as_bytes(), Duration::from_secs(20)).await;
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 431"), "{}", said.lines().next().unwrap_or_default());
    client.get("/healthz").await.expect(200);
}

#[tokio::test]
async fn a_request_that_never_ends_is_cut_off_and_hurts_nobody() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let served = Hermetic::serve(folder.path()).await;
    let address = served.url.trim_start_matches("http://").to_owned();
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(TcpStream::connect(&address).await.expect("a connection"));
    }
    for stream in &mut silent {
        stream.write_all(b"GET / HTTP/1.1\r\nhost: loc").await.expect("half a head");
    }
    let watch = Stopwatch::start();
    Client::new(&served.url).get("/healthz").await.expect(200);
    assert!(watch.elapsed() < Duration::from_secs(2), "50 silent connections delay the next one by {:?}", watch.elapsed());
    let mut rest = String::new();
    let closed = tokio::time::timeout(Duration::from_secs(25), silent[0].read_to_string(&mut rest)).await;
    assert!(closed.is_ok(), "half a head is still waited for after 25 s");
    let slow = b"POST /sign-in HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 100\r\n\r\nemail=";
    let watch = Stopwatch::start();
    let said = raw(&served, slow, Duration::from_secs(45)).await;
    assert!(watch.elapsed() < Duration::from_secs(44), "half a body is still waited for after 44 s; so far: {said}");
}

async fn knock(client: &Client, route: &Route) -> Answer {
    let (headers, body): (&[(&str, &str)], &str) = match (route.is_unsafe(), route.is_api()) {
        (false, _) => (&[], ""),
        (true, true) => (&[("content-type", "application/json")], "{}"),
        (true, false) => (&[("content-type", "application/x-www-form-urlencoded")], ""),
    };
    client.knock(method(route), &route.address(), headers, body.to_owned()).await
}

fn method(route: &Route) -> Method {
    route.method.parse().unwrap_or_else(|_| panic!("{} is no method", route.method))
}

/// What is wrong with this answer, in a sentence.
fn verdict(route: &Route, who: &Who, answer: &Answer) -> Option<String> {
    let to_sign_in = answer.location().is_some_and(|to| to.starts_with("/sign-in"));
    let is_refused = matches!(answer.code, 401 | 403) || (answer.code == 303 && to_sign_in);
    let may = route.lets_in(who);
    // Doors that are open to everybody may still ask for a link's token, and those around signing in send a stranger on.
    let is_for_keys = KEYS_ONLY.contains(&route.path.as_str()) && matches!(who, Who::Member(_));
    let has_own_terms = may && (is_for_keys || matches!(route.access.as_str(), "anyone" | "open"));
    if answer.code >= 500 {
        return Some(format!("{} answered {} to {who:?}", route.line(), answer.code));
    }
    match (may, is_refused) {
        (true, true) if !has_own_terms => Some(format!("{} refused {who:?} with {}", route.line(), answer.code)),
        (false, false) => Some(format!("{} let {who:?} in with {}", route.line(), answer.code)),
        _ => None,
    }
}

/// Sends these bytes and gives everything that comes back until the server closes or `longest` is over.
async fn raw(served: &Hermetic, bytes: &[u8], longest: Duration) -> String {
    let mut stream = TcpStream::connect(served.url.trim_start_matches("http://")).await.expect("a connection");
    // A server that refuses closes early; the rest of the bytes then has nowhere to go.
    let _ = stream.write_all(bytes).await;
    let mut said = Vec::new();
    let _ = tokio::time::timeout(longest, stream.read_to_end(&mut said)).await;
    String::from_utf8_lossy(&said).into_owned()
}
