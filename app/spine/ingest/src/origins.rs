//! Which pages may report: the origins that a project lists.

use http::HeaderMap;
use http::header::ORIGIN;

/// Without a list every page may. Programs that are no browsers name no origin, and may.
pub(crate) fn allows(list: &[String], headers: &HeaderMap) -> bool {
    if list.is_empty() {
        return true;
    }
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    list.iter().any(|line| matches(line.trim(), origin.trim()))
}

/// `https://shop.example.com`, `shop.example.com`, `*.example.com`, each with a port or without; `*`.
fn matches(line: &str, origin: &str) -> bool {
    if line == "*" {
        return true;
    }
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    let (wanted_scheme, wanted) = match line.split_once("://") {
        Some((scheme, rest)) => (Some(scheme), rest),
        None => (None, line),
    };
    if wanted_scheme.is_some_and(|wanted| !wanted.eq_ignore_ascii_case(scheme)) {
        return false;
    }
    let (wanted_host, wanted_port) = split_port(wanted.trim_end_matches('/'));
    let (host, port) = split_port(authority);
    if wanted_port.is_some_and(|wanted| Some(wanted) != port) {
        return false;
    }
    match wanted_host.strip_prefix("*.") {
        Some(parent) => host.len() > parent.len() + 1 && ends_with(host, parent) && host.as_bytes()[host.len() - parent.len() - 1] == b'.',
        None => host.eq_ignore_ascii_case(wanted_host),
    }
}

fn ends_with(host: &str, parent: &str) -> bool {
    host.len() >= parent.len() && host.as_bytes()[host.len() - parent.len()..].eq_ignore_ascii_case(parent.as_bytes())
}

fn split_port(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => (host, Some(port)),
        _ => (authority, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_allows_its_origin_and_no_neighbour() {
        let cases = [
            ("https://shop.example.com", "https://shop.example.com", true),
            ("https://shop.example.com/", "https://SHOP.example.com", true),
            ("https://shop.example.com", "http://shop.example.com", false),
            ("shop.example.com", "http://shop.example.com:8080", true),
            ("shop.example.com:8080", "http://shop.example.com", false),
            ("*.example.com", "https://shop.example.com", true),
            ("*.example.com", "https://a.b.example.com", true),
            ("*.example.com", "https://example.com", false),
            ("*.example.com", "https://evilexample.com", false),
            ("*.example.com", "https://example.com.evil.net", false),
            ("*", "https://anything.example", true),
            ("shop.example.com", "null", false),
        ];
        for (line, origin, expected) in cases {
            assert_eq!(matches(line, origin), expected, "{line} and {origin}");
        }
    }

    #[test]
    fn who_names_no_origin_is_no_browser() {
        let list = ["shop.example.com".to_owned()];
        let mut headers = HeaderMap::new();
        assert!(allows(&list, &headers));
        headers.insert(ORIGIN, "https://other.example".parse().unwrap());
        assert!(!allows(&list, &headers));
        assert!(allows(&[], &headers));
    }
}
