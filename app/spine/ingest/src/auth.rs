//! Who reports: the public key, wherever an SDK puts it. In this order: the query, `X-Sentry-Auth`, `Authorization: Sentry …`, and for
//! tunnels the envelope's own `dsn`.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;
use kernel::ids::ProjectId;

/// What a request shows. Not checked against anything yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub key: String,
    /// `sentry.python/2.75.0`.
    pub client: Option<String>,
}

/// From the query or a header.
pub fn shown(parts: &Parts) -> Option<Shown> {
    from_query(parts.uri.query().unwrap_or_default()).or_else(|| from_headers(&parts.headers))
}

fn from_query(query: &str) -> Option<Shown> {
    let value = |wanted: &str| url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == wanted).map(|(_, value)| value);
    Some(Shown { key: checked_key(&value("sentry_key")?)?, client: value("sentry_client").and_then(|client| checked_client(&client)) })
}

fn from_headers(headers: &HeaderMap) -> Option<Shown> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    text("x-sentry-auth").and_then(from_pairs).or_else(|| text(AUTHORIZATION.as_str()).and_then(from_pairs))
}

/// `Sentry sentry_key=…, sentry_version=7, sentry_client=…`. A bearer token is none of these.
fn from_pairs(header: &str) -> Option<Shown> {
    let (scheme, pairs) = header.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("sentry") {
        return None;
    }
    let value = |wanted: &str| {
        let mut pairs = pairs.split(',').filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(name, _)| name.trim() == wanted).map(|(_, value)| value.trim().trim_matches('"'))
    };
    Some(Shown { key: checked_key(value("sentry_key")?)?, client: value("sentry_client").and_then(checked_client) })
}

/// The key and the project of a whole DSN.
pub fn from_dsn(dsn: &str) -> Option<(Shown, ProjectId)> {
    let url = url::Url::parse(dsn.trim()).ok()?;
    let project = url.path().trim_end_matches('/').rsplit('/').next()?.parse().ok()?;
    Some((Shown { key: checked_key(url.username())?, client: None }, ProjectId(project)))
}

/// `Authorization: Basic …` with the key as its name; some programs leave out the colon behind it.
pub fn from_basic(headers: &HeaderMap) -> Option<Shown> {
    use base64::Engine as _;
    let (scheme, text) = headers.get(AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = base64::engine::general_purpose::STANDARD_NO_PAD.decode(text.trim().trim_end_matches('=')).ok()?;
    let named = String::from_utf8(decoded).ok()?;
    Some(Shown { key: checked_key(named.split(':').next()?)?, client: None })
}

/// 1 to 64 letters and digits; some SDKs write the key with dashes.
pub fn checked_key(text: &str) -> Option<String> {
    let key: String = text.trim().chars().filter(|c| *c != '-').take(65).collect();
    let is_plain = (1..=64).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_plain.then_some(key)
}

fn checked_client(text: &str) -> Option<String> {
    let client: String = text.trim().chars().filter(|c| !c.is_control()).take(100).collect();
    (!client.is_empty()).then_some(client)
}

#[cfg(test)]
mod tests {
    use super::*;

    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], Option<(&'a str, Option<&'a str>)>);

    fn ask(uri: &str, headers: &[(&str, &str)]) -> Option<(String, Option<String>)> {
        let mut request = http::Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        shown(&parts).map(|shown| (shown.key, shown.client))
    }

    #[test]
    fn a_key_is_found_wherever_an_sdk_puts_it_and_the_query_comes_first() {
        let all = "Sentry sentry_key=bb, sentry_version=7, sentry_client=sentry.python/2.75.0";
        let cases: &[Case<'_>] = &[
            (
                "/?sentry_version=7&sentry_key=aa&sentry_client=sentry.javascript.browser%2F11.12.0",
                &[],
                Some(("aa", Some("sentry.javascript.browser/11.12.0"))),
            ),
            ("/?sentry_key=aa", &[("x-sentry-auth", all)], Some(("aa", None))),
            ("/", &[("x-sentry-auth", all)], Some(("bb", Some("sentry.python/2.75.0")))),
            ("/", &[("x-sentry-auth", "sentry sentry_version=7,sentry_key=\"cc\"")], Some(("cc", None))),
            ("/", &[("authorization", all)], Some(("bb", Some("sentry.python/2.75.0")))),
            ("/", &[("authorization", "Bearer abc sentry_key=aa")], None),
            ("/", &[("x-sentry-auth", "Sentry sentry_version=7")], None),
            ("/?sentry_key=a%27b", &[], None),
            ("/?sentry_key=", &[("authorization", all)], Some(("bb", Some("sentry.python/2.75.0")))),
            ("/", &[], None),
        ];
        for (uri, headers, expected) in cases {
            let expected = expected.map(|(key, client)| (key.to_owned(), client.map(str::to_owned)));
            assert_eq!(ask(uri, headers), expected, "{uri} {headers:?}");
        }
        assert_eq!(ask(&format!("/?sentry_key={}", "a".repeat(65)), &[]), None, "a key of 65 characters is none");
    }

    #[test]
    fn a_key_alone_is_a_name_without_a_password() {
        let read = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, value.parse().unwrap());
            from_basic(&headers).map(|shown| shown.key)
        };
        for whole in ["Basic YWJjOg==", "basic YWJj", "Basic YWJjOg", "Basic YWJjOnNlY3JldA=="] {
            assert_eq!(read(whole).as_deref(), Some("abc"), "{whole}");
        }
        for wrong in ["Bearer YWJjOg==", "Basic", "Basic Og==", "Basic !", "Basic gIA="] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_dsn_names_its_key_and_its_project() {
        let read = |dsn: &str| from_dsn(dsn).map(|(shown, project)| (shown.key, project.0));
        assert_eq!(read("https://abc@errors.example.com/42"), Some(("abc".into(), 42)));
        assert_eq!(read("http://abc:secret@errors.example.com:8080/base/path/7/"), Some(("abc".into(), 7)));
        for wrong in ["", "abc", "https://errors.example.com/42", "https://abc@errors.example.com/", "https://abc@errors.example.com/web"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
