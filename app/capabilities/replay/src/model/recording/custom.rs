//! What SDKs add to a recording themselves: breadcrumbs and spans. Shapes as of v8 to v11 of the browsers' SDK.

use kernel::Time;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::super::moment::{Moment, What};
use super::{cut, time_of};

#[derive(Deserialize)]
struct Custom<'a> {
    #[serde(default)]
    tag: String,
    #[serde(borrow, default)]
    payload: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Breadcrumb<'a> {
    timestamp: Option<f64>,
    category: Option<String>,
    message: Option<String>,
    level: Option<String>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Span<'a> {
    op: Option<String>,
    description: Option<String>,
    start_timestamp: Option<f64>,
    end_timestamp: Option<f64>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

/// Of a click's breadcrumb.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Clicked {
    node_id: Option<f64>,
    node: Option<Node>,
    time_after_click_ms: Option<f64>,
    end_reason: Option<String>,
    click_count: Option<f64>,
    key: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Node {
    tag_name: String,
    attributes: Attributes,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Attributes {
    role: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Moved {
    from: Option<String>,
    to: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Fetched {
    method: Option<String>,
    status_code: Option<f64>,
    request: Option<Body>,
    response: Option<Body>,
    request_body_size: Option<f64>,
    response_body_size: Option<f64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    size: Option<f64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Vital {
    value: Option<f64>,
    size: Option<f64>,
    rating: Option<String>,
    memory: Option<Memory>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Memory {
    #[serde(rename = "usedJSHeapSize")]
    used: Option<f64>,
}

pub fn moment(data: &str, at: Time) -> Option<Moment> {
    let custom: Custom<'_> = serde_json::from_str(data).ok()?;
    let payload = custom.payload?.get();
    match custom.tag.as_str() {
        "breadcrumb" => breadcrumb(serde_json::from_str(payload).ok()?, at),
        "performanceSpan" => span(serde_json::from_str(payload).ok()?, at),
        _ => None,
    }
}

/// What it says of itself; what has another shape says nothing.
fn inner<'a, T: Deserialize<'a> + Default>(data: Option<&'a RawValue>) -> T {
    data.and_then(|data| serde_json::from_str(data.get()).ok()).unwrap_or_default()
}

fn breadcrumb(crumb: Breadcrumb<'_>, at: Time) -> Option<Moment> {
    let at = crumb.timestamp.map_or(at, time_of);
    let message = cut(crumb.message.as_deref().unwrap_or_default());
    let what = match crumb.category.as_deref()? {
        "ui.click" => {
            let clicked: Clicked = inner(crumb.data);
            let tag = clicked.node.as_ref().map(|node| cut(&node.tag_name.to_ascii_lowercase())).unwrap_or_default();
            let acts = clicked.node.as_ref().is_some_and(acts);
            What::Target { node: whole(clicked.node_id), selector: message, tag, acts }
        }
        "ui.slowClickDetected" => {
            let clicked: Clicked = inner(crumb.data);
            What::SlowClick {
                node: whole(clicked.node_id),
                selector: message,
                ms: small(clicked.time_after_click_ms),
                clicks: small(clicked.click_count),
                timeout: clicked.end_reason.as_deref() == Some("timeout"),
            }
        }
        "ui.multiClick" => {
            let clicked: Clicked = inner(crumb.data);
            What::MultiClick { node: whole(clicked.node_id), selector: message, clicks: small(clicked.click_count) }
        }
        // Keys within fields are not told: this is return on a link, a button or the page itself.
        "ui.keyDown" => {
            let pressed: Clicked = inner(crumb.data);
            (pressed.key.as_deref() == Some("Enter")).then_some(What::Submit)?
        }
        "console" => What::Console { level: cut(crumb.level.as_deref().unwrap_or("log")), message },
        "navigation" => {
            let moved: Moved = inner(crumb.data);
            What::Navigation { from: cut(&moved.from.unwrap_or_default()), to: cut(&moved.to.unwrap_or_default()), ms: 0 }
        }
        _ => return None,
    };
    Some(Moment { at, what })
}

/// Links, buttons, and what calls itself one. A field is clicked to type into it.
fn acts(node: &Node) -> bool {
    let tag = node.tag_name.to_ascii_lowercase();
    let role = node.attributes.role.as_deref().unwrap_or_default();
    matches!(tag.as_str(), "a" | "button" | "summary") || matches!(role, "button" | "link" | "menuitem" | "tab")
}

fn span(span: Span<'_>, at: Time) -> Option<Moment> {
    let at = span.start_timestamp.map_or(at, time_of);
    let ms = span.end_timestamp.map_or(0, |end| small(Some((time_of(end).0 - at.0) as f64)));
    let description = cut(span.description.as_deref().unwrap_or_default());
    let op = span.op.as_deref()?;
    let what = match op {
        "navigation.navigate" | "navigation.reload" | "navigation.back_forward" => {
            What::Navigation { from: String::new(), to: description, ms }
        }
        "resource.fetch" | "resource.xhr" => {
            let fetched: Fetched = inner(span.data);
            let size =
                |body: Option<Body>, own: Option<f64>| body.and_then(|body| body.size).or(own).map_or(0, |size| size.max(0.0) as u64);
            What::Network {
                method: cut(fetched.method.as_deref().unwrap_or("GET")),
                url: description,
                status: fetched.status_code.map_or(0, |code| code.clamp(0.0, 999.0) as u16),
                ms,
                request_bytes: size(fetched.request, fetched.request_body_size),
                response_bytes: size(fetched.response, fetched.response_body_size),
                kind: op.trim_start_matches("resource.").to_owned(),
            }
        }
        "web-vital" | "largest-contentful-paint" => {
            let vital: Vital = inner(span.data);
            let name = match description.as_str() {
                "largest-contentful-paint" => "LCP",
                "cumulative-layout-shift" => "CLS",
                "interaction-to-next-paint" => "INP",
                "first-input-delay" => "FID",
                "first-contentful-paint" => "FCP",
                other => other,
            };
            let value = vital.value.or(vital.size).filter(|value| value.is_finite())?;
            What::Vital { name: name.to_owned(), value, rating: cut(&vital.rating.unwrap_or_default()) }
        }
        "memory" => {
            let vital: Vital = inner(span.data);
            What::Memory { bytes: vital.memory?.used?.max(0.0) as u64 }
        }
        _ => return None,
    };
    Some(Moment { at, what })
}

fn whole(number: Option<f64>) -> i64 {
    number.unwrap_or_default() as i64
}

fn small(number: Option<f64>) -> u32 {
    number.unwrap_or_default().clamp(0.0, f64::from(u32::MAX)) as u32
}
