//! [`normalised`]: statements that are JSON, as document stores are asked: every value taken out, the shape kept.

use serde_json::Value;
use std::fmt::Write as _;

/// Whose value is the collection that is asked, not something that is looked for.
const COMMANDS: [&str; 10] =
    ["find", "aggregate", "insert", "update", "delete", "count", "distinct", "findAndModify", "mapReduce", "collection"];

/// `{"find": "users", "filter": {"age": {"$gt": 3}}}` → `{"find":"users","filter":{"age":{"$gt":?}}}`. `None` for what is no JSON.
pub fn normalised(text: &str) -> Option<String> {
    let value: Value = serde_json::from_str(text).ok().filter(|value: &Value| value.is_object() || value.is_array())?;
    let mut out = String::with_capacity(text.len().min(1_000));
    write(&mut out, &value, true);
    Some(out)
}

fn write(out: &mut String, value: &Value, is_top: bool) {
    match value {
        Value::Object(map) => {
            let mut fields: Vec<(&String, &Value)> = map.iter().collect();
            fields.sort_by_key(|(key, _)| *key);
            out.push('{');
            for (place, (key, value)) in fields.into_iter().enumerate() {
                let comma = if place > 0 { "," } else { "" };
                let _ = write!(out, "{comma}{}:", Value::from(key.as_str()));
                match value {
                    Value::String(_) if is_top && COMMANDS.contains(&key.as_str()) => out.push_str(&value.to_string()),
                    _ => write(out, value, false),
                }
            }
            out.push('}');
        }
        // Lists of any length are one, as those of SQL are: each shape stands once.
        Value::Array(list) => {
            let mut shapes: Vec<String> = Vec::new();
            for value in list.iter().take(100) {
                let mut shape = String::new();
                write(&mut shape, value, false);
                if !shapes.contains(&shape) {
                    shapes.push(shape);
                }
            }
            let _ = write!(out, "[{}]", shapes.join(","));
        }
        _ => out.push('?'),
    }
}
