//! Reading values of any shape into the one that is wanted. Takes them out of the JSON, so that nothing is copied.

use serde_json::{Map, Value};

use super::Pairs;

/// Lists of pairs are cut here: 10,000 tags are an accident or an attack.
const MAX_PAIRS: usize = 200;

/// At most `max` bytes, cut between characters; without NULs, which no database or terminal likes.
pub fn cut(mut text: String, max: usize) -> String {
    if text.len() > max {
        let mut end = max;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

/// Strings as they are, numbers and switches as written, structures as JSON, nothing as an empty text.
pub fn text(value: Value, max: usize) -> String {
    match value {
        Value::String(text) => cut(text, max),
        Value::Null => String::new(),
        other => cut(other.to_string(), max),
    }
}

pub fn take_text(map: &mut Map<String, Value>, key: &str, max: usize) -> String {
    map.remove(key).map(|value| text(value, max)).unwrap_or_default()
}

/// Trimmed, in one line.
pub fn take_line(map: &mut Map<String, Value>, key: &str, max: usize) -> String {
    let text = take_text(map, key, max);
    let is_plain = !text.contains(['\n', '\r', '\t']) && !text.starts_with(' ') && !text.ends_with(' ');
    if is_plain { text } else { text.split_whitespace().collect::<Vec<_>>().join(" ") }
}

pub fn take_map(map: &mut Map<String, Value>, key: &str) -> Map<String, Value> {
    match map.remove(key) {
        Some(Value::Object(inner)) => inner,
        _ => Map::new(),
    }
}

/// A list, `{"values": [...]}`, or one thing alone.
pub fn take_list(map: &mut Map<String, Value>, key: &str) -> Vec<Value> {
    match map.remove(key) {
        Some(Value::Array(list)) => list,
        Some(Value::Object(mut inner)) => match inner.remove("values") {
            Some(Value::Array(list)) => list,
            Some(_) => Vec::new(),
            None if inner.is_empty() => Vec::new(),
            None => vec![Value::Object(inner)],
        },
        _ => Vec::new(),
    }
}

pub fn take_texts(map: &mut Map<String, Value>, key: &str, max: usize, max_text: usize) -> Vec<String> {
    match map.remove(key) {
        Some(Value::Array(list)) => list.into_iter().take(max).map(|value| text(value, max_text)).collect(),
        _ => Vec::new(),
    }
}

/// Numbers, and numbers written as text.
pub fn take_number(map: &mut Map<String, Value>, key: &str) -> Option<i64> {
    match map.remove(key)? {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().filter(|float| float.is_finite()).map(rounded)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "`as` saturates, and what saturates is refused by whoever asked")]
fn rounded(float: f64) -> i64 {
    float as i64
}

/// Lines and columns: positive and small.
pub fn take_place(map: &mut Map<String, Value>, key: &str) -> Option<u32> {
    take_number(map, key).and_then(|number| u32::try_from(number).ok())
}

pub fn take_switch(map: &mut Map<String, Value>, key: &str) -> Option<bool> {
    match map.remove(key)? {
        Value::Bool(switch) => Some(switch),
        Value::String(text) => match text.as_str() {
            "true" | "yes" | "1" => Some(true),
            "false" | "no" | "0" => Some(false),
            _ => None,
        },
        Value::Number(number) => Some(number.as_f64() != Some(0.0)),
        _ => None,
    }
}

/// A map, a list of pairs, or a list of `{"key": …, "value": …}`.
pub fn pairs(value: Value, max_key: usize, max_value: usize) -> Pairs {
    match value {
        Value::Object(map) => map.into_iter().take(MAX_PAIRS).map(|(key, value)| (cut(key, max_key), joined(value, max_value))).collect(),
        Value::Array(list) => list.into_iter().take(MAX_PAIRS).filter_map(|entry| pair(entry, max_key, max_value)).collect(),
        _ => Vec::new(),
    }
}

fn pair(entry: Value, max_key: usize, max_value: usize) -> Option<(String, String)> {
    let (key, value) = match entry {
        Value::Array(two) => {
            let mut two = two.into_iter();
            (two.next()?, two.next().unwrap_or_default())
        }
        Value::Object(mut map) => (map.remove("key").or_else(|| map.remove("name"))?, map.remove("value").unwrap_or_default()),
        _ => return None,
    };
    Some((text(key, max_key), joined(value, max_value)))
}

/// A header that was sent several times comes as a list.
fn joined(value: Value, max: usize) -> String {
    match value {
        Value::Array(list) if list.iter().all(Value::is_string) => {
            cut(list.into_iter().map(|value| text(value, max)).collect::<Vec<_>>().join(", "), max)
        }
        other => text(other, max),
    }
}

/// `a=1&b=2`, decoded; a part without `=` has an empty value.
pub fn query(text: &str, max: usize) -> Pairs {
    let text = text.strip_prefix('?').unwrap_or(text);
    url::form_urlencoded::parse(text.as_bytes())
        .take(MAX_PAIRS)
        .map(|(key, value)| (cut(key.into_owned(), max), cut(value.into_owned(), max)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_shape_of_pairs_reads_the_same() {
        let wanted = vec![("a".to_owned(), "1".to_owned()), ("b".to_owned(), "x".to_owned())];
        for shape in
            [json!({"a": 1, "b": "x"}), json!([["a", 1], ["b", "x"]]), json!([{"key": "a", "value": 1}, {"key": "b", "value": "x"}])]
        {
            assert_eq!(pairs(shape.clone(), 200, 200), wanted, "{shape}");
        }
        assert_eq!(pairs(json!({"accept": ["a", "b"]}), 200, 200), [("accept".to_owned(), "a, b".to_owned())]);
        assert_eq!(pairs(json!("nonsense"), 200, 200), []);
        let flood: Vec<Value> = (0..10_000).map(|index| json!([format!("k{index}"), index])).collect();
        assert_eq!(pairs(Value::Array(flood), 200, 200).len(), MAX_PAIRS);
    }

    #[test]
    fn texts_are_cut_between_characters_and_lose_their_nuls() {
        assert_eq!(cut("añb".to_owned(), 2), "a");
        assert_eq!(cut("a\0b".to_owned(), 10), "a\u{fffd}b");
        assert_eq!(text(json!({"a": [1]}), 100), r#"{"a":[1]}"#);
        assert_eq!(query("?a=1&b=%20x&c", 100), [("a".into(), "1".into()), ("b".into(), " x".into()), ("c".into(), String::new())]);
    }
}
