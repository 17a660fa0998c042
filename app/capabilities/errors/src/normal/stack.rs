//! Exceptions and frames, in whatever shape they come.

use serde_json::{Map, Value};

use super::lenient::{cut, take_line, take_list, take_map, take_number, take_place, take_switch, take_text, take_texts};
use super::{Exception, Frame};

/// A recursion of 10,000 frames tells nothing that its two ends do not.
const MAX_FRAMES: usize = 250;
/// The outermost that are kept of a longer stack; the rest are the innermost.
const OUTER_FRAMES: usize = 50;
const MAX_EXCEPTIONS: usize = 100;
const MAX_CONTEXT: usize = 20;
/// One line of source; a minified file is one line of a megabyte.
const MAX_LINE: usize = 1_024;

pub fn take_exceptions(event: &mut Map<String, Value>, platform: &str) -> Vec<Exception> {
    let mut list = take_list(event, "exception");
    // The last is the main one: what is too much goes from the front.
    let extra = list.len().saturating_sub(MAX_EXCEPTIONS);
    list.drain(..extra);
    list.into_iter().filter_map(|value| if let Value::Object(map) = value { Some(exception(map, platform)) } else { None }).collect()
}

fn exception(mut map: Map<String, Value>, platform: &str) -> Exception {
    let mut mechanism = take_map(&mut map, "mechanism");
    let stack = map.remove("stacktrace").or_else(|| map.remove("raw_stacktrace"));
    let (frames, omitted) = stack.map(|stack| frames(stack, platform)).unwrap_or_default();
    let kind = take_line(&mut map, "type", 256);
    let value = take_text(&mut map, "value", 8_192);
    Exception {
        kind,
        value,
        module: take_line(&mut map, "module", 256),
        mechanism: take_line(&mut mechanism, "type", 128),
        is_handled: take_switch(&mut mechanism, "handled"),
        is_synthetic: take_switch(&mut mechanism, "synthetic").unwrap_or(false),
        is_group: take_switch(&mut mechanism, "is_exception_group").unwrap_or(false),
        exception_id: take_number(&mut mechanism, "exception_id"),
        parent_id: take_number(&mut mechanism, "parent_id"),
        source: take_line(&mut mechanism, "source", 128),
        mechanism_data: take_map(&mut mechanism, "data"),
        frames,
        omitted,
    }
}

/// Of the thread that crashed, of the current one, or of the only one; else the event's own, as old SDKs send it.
pub fn take_stack(event: &mut Map<String, Value>, platform: &str) -> Option<Vec<Frame>> {
    let threads: Vec<Map<String, Value>> = take_list(event, "threads")
        .into_iter()
        .filter_map(|thread| if let Value::Object(map) = thread { Some(map) } else { None })
        .filter(|thread| thread.get("stacktrace").is_some_and(Value::is_object))
        .collect();
    let says = |thread: &Map<String, Value>, key: &str| thread.get(key) == Some(&Value::Bool(true));
    let chosen =
        threads.iter().position(|thread| says(thread, "crashed")).or_else(|| threads.iter().position(|thread| says(thread, "current")));
    let chosen = chosen.or(if threads.len() == 1 { Some(0) } else { None });
    let stack = match chosen {
        Some(index) => threads.into_iter().nth(index).and_then(|mut thread| thread.remove("stacktrace")),
        None => event.remove("stacktrace"),
    };
    let (frames, _) = frames(stack?, platform);
    (!frames.is_empty()).then_some(frames)
}

/// `{"frames": […]}` or the list alone; how many were left out.
fn frames(stack: Value, platform: &str) -> (Vec<Frame>, usize) {
    let mut list = match stack {
        Value::Object(mut map) => take_list(&mut map, "frames"),
        Value::Array(list) => list,
        _ => Vec::new(),
    };
    let omitted = list.len().saturating_sub(MAX_FRAMES);
    if omitted > 0 {
        list.drain(OUTER_FRAMES..OUTER_FRAMES + omitted);
    }
    let frames = list.into_iter().filter_map(|value| if let Value::Object(map) = value { Some(frame(map, platform)) } else { None });
    (frames.collect(), omitted)
}

fn frame(mut map: Map<String, Value>, platform: &str) -> Frame {
    let filename = take_line(&mut map, "filename", 512);
    let abs_path = take_line(&mut map, "abs_path", 2_048);
    let (filename, abs_path) = split_path(filename, abs_path);
    let own = take_line(&mut map, "platform", 64);
    let context_line =
        map.remove("context_line").and_then(|value| if let Value::String(line) = value { Some(cut(line, MAX_LINE)) } else { None });
    Frame {
        filename,
        abs_path,
        function: take_line(&mut map, "function", 512),
        raw_function: take_line(&mut map, "raw_function", 512),
        module: take_line(&mut map, "module", 256),
        package: take_line(&mut map, "package", 512),
        line: take_place(&mut map, "lineno"),
        column: take_place(&mut map, "colno"),
        in_app: take_switch(&mut map, "in_app"),
        pre_context: take_texts(&mut map, "pre_context", MAX_CONTEXT, MAX_LINE),
        context_line,
        post_context: take_texts(&mut map, "post_context", MAX_CONTEXT, MAX_LINE),
        vars: take_map(&mut map, "vars"),
        instruction_addr: take_line(&mut map, "instruction_addr", 32),
        platform: if own == platform { String::new() } else { own },
        built: None,
    }
}

/// `https://shop.example/js/app.js?v=3` is where it is; `/js/app.js` is what it is called.
fn split_path(filename: String, abs_path: String) -> (String, String) {
    let abs_path = if abs_path.is_empty() { filename.clone() } else { abs_path };
    let named = if filename.is_empty() { abs_path.as_str() } else { filename.as_str() };
    let Some((scheme, rest)) = named.split_once("://") else { return (without_query(named).to_owned(), abs_path) };
    if !matches!(scheme, "http" | "https" | "file" | "app" | "webpack" | "webpack-internal" | "capacitor" | "ionic") {
        return (without_query(named).to_owned(), abs_path);
    }
    let path = match scheme {
        "app" | "webpack" | "webpack-internal" => rest,
        _ => rest.find('/').map_or(rest, |slash| &rest[slash..]),
    };
    (without_query(path).to_owned(), abs_path)
}

fn without_query(path: &str) -> &str {
    path.split(['?', '#']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn addresses_become_paths_and_keep_where_they_are() {
        let split = |filename: &str, abs_path: &str| split_path(filename.into(), abs_path.into());
        let pair = |one: &str, two: &str| (one.to_owned(), two.to_owned());
        assert_eq!(split("https://shop.example/js/app.js?v=3#x", ""), pair("/js/app.js", "https://shop.example/js/app.js?v=3#x"));
        assert_eq!(split("/srv/app/main.py", ""), pair("/srv/app/main.py", "/srv/app/main.py"));
        assert_eq!(split("main.py", "/srv/app/main.py"), pair("main.py", "/srv/app/main.py"));
        assert_eq!(
            split("node:internal/process/task_queues", ""),
            pair("node:internal/process/task_queues", "node:internal/process/task_queues")
        );
        assert_eq!(split("app:///dist/main.js", ""), pair("/dist/main.js", "app:///dist/main.js"));
        assert_eq!(split("", ""), pair("", ""));
    }

    #[test]
    fn exceptions_come_as_list_as_values_or_alone() {
        let one =
            json!({"type": "E", "value": "v", "stacktrace": {"frames": [{"function": "f", "lineno": "7", "colno": 3.0, "in_app": true}]}});
        for shape in [json!([one]), json!({"values": [one]}), one.clone()] {
            let mut event = Map::new();
            event.insert("exception".into(), shape);
            let read = take_exceptions(&mut event, "python");
            assert_eq!((read.len(), read[0].kind.as_str(), read[0].frames[0].line, read[0].frames[0].column), (1, "E", Some(7), Some(3)));
        }
        for nonsense in [json!(7), json!("x"), json!([1, null]), json!({"values": 3}), json!({})] {
            let mut event = Map::new();
            event.insert("exception".into(), nonsense);
            assert_eq!(take_exceptions(&mut event, ""), []);
        }
    }

    #[test]
    fn a_stack_of_ten_thousand_frames_keeps_its_ends() {
        let list: Vec<Value> = (0..10_000).map(|index| json!({"function": format!("f{index}")})).collect();
        let (kept, omitted) = frames(json!({"frames": list}), "python");
        assert_eq!((kept.len(), omitted), (MAX_FRAMES, 10_000 - MAX_FRAMES));
        assert_eq!((kept[0].function.as_str(), kept[MAX_FRAMES - 1].function.as_str()), ("f0", "f9999"));
    }
}
