//! Reads the forms of a page as a browser without JavaScript would send them.

use std::sync::LazyLock;

use regex::Regex;

/// One form: where it goes and what it would send untouched.
#[derive(Debug, Clone)]
pub struct Form {
    pub action: String,
    pub method: String,
    /// Names and values in page order; boxes that are not ticked are left out.
    pub fields: Vec<(String, String)>,
    /// Every name a person could fill, ticked or not.
    pub names: Vec<String>,
}

impl Form {
    pub fn has(&self, name: &str) -> bool {
        self.names.iter().any(|one| one == name)
    }

    /// Puts `value` into the field, adding it when the page had left it empty.
    pub fn set(&mut self, name: &str, value: &str) {
        self.fields.retain(|(one, _)| one != name);
        self.fields.push((name.to_owned(), value.to_owned()));
    }

    /// The form as `application/x-www-form-urlencoded`.
    pub fn encoded(&self) -> String {
        encode(&self.fields)
    }
}

pub fn encode<N: AsRef<str>, V: AsRef<str>>(fields: &[(N, V)]) -> String {
    fields.iter().map(|(name, value)| format!("{}={}", percent(name.as_ref()), percent(value.as_ref()))).collect::<Vec<_>>().join("&")
}

/// Every form of the page, in order.
pub fn read(html: &str, page: &str) -> Vec<Form> {
    static FORM: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?is)<form\b([^>]*)>(.*?)</form>"));
    FORM.captures_iter(html)
        .map(|found| {
            let mut form = Form {
                action: attribute(&found[1], "action").filter(|action| !action.is_empty()).unwrap_or_else(|| page.to_owned()),
                method: attribute(&found[1], "method").unwrap_or_else(|| "get".to_owned()).to_lowercase(),
                fields: Vec::new(),
                names: Vec::new(),
            };
            fill(&mut form, &found[2]);
            form
        })
        .collect()
}

fn fill(form: &mut Form, body: &str) {
    static CONTROL: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"(?is)<input\b([^>]*)>|<textarea\b([^>]*)>(.*?)</textarea>|<select\b([^>]*)>(.*?)</select>"));
    for found in CONTROL.captures_iter(body) {
        if let Some(input) = found.get(1).map(|text| text.as_str()) {
            fill_input(form, input);
        } else if let (Some(head), Some(text)) = (found.get(2), found.get(3)) {
            add(form, attribute(head.as_str(), "name"), Some(unescape(text.as_str())));
        } else if let (Some(head), Some(options)) = (found.get(4), found.get(5)) {
            add(form, attribute(head.as_str(), "name"), chosen(options.as_str()));
        }
    }
}

fn fill_input(form: &mut Form, input: &str) {
    let kind = attribute(input, "type").unwrap_or_default().to_lowercase();
    let is_box = matches!(kind.as_str(), "checkbox" | "radio");
    if matches!(kind.as_str(), "submit" | "button" | "image" | "reset" | "file") {
        return;
    }
    let value = attribute(input, "value").unwrap_or_else(|| if is_box { "on".to_owned() } else { String::new() });
    let is_sent = !is_box || has_word(input, "checked");
    add(form, attribute(input, "name"), is_sent.then_some(value));
}

fn chosen(options: &str) -> Option<String> {
    static OPTION: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?is)<option\b([^>]*)>(.*?)</option>"));
    let value = |head: &str, text: &str| attribute(head, "value").unwrap_or_else(|| unescape(text.trim()));
    let all: Vec<(bool, String)> =
        OPTION.captures_iter(options).map(|found| (has_word(&found[1], "selected"), value(&found[1], &found[2]))).collect();
    all.iter().find(|(is_selected, _)| *is_selected).or_else(|| all.first()).map(|(_, value)| value.clone())
}

fn add(form: &mut Form, name: Option<String>, value: Option<String>) {
    let Some(name) = name.filter(|name| !name.is_empty()) else { return };
    form.names.push(name.clone());
    if let Some(value) = value {
        form.fields.push((name, value));
    }
}

/// The value of an attribute in the head of an element.
pub fn attribute(head: &str, name: &str) -> Option<String> {
    static ATTRIBUTE: LazyLock<Regex> =
        LazyLock::new(|| pattern(r#"(?s)([A-Za-z_:][-\w:.]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?"#));
    let found = ATTRIBUTE.captures_iter(head).find(|found| found[1].eq_ignore_ascii_case(name))?;
    let value = found.get(2).or_else(|| found.get(3)).or_else(|| found.get(4)).map_or("", |text| text.as_str());
    Some(unescape(value))
}

fn has_word(head: &str, word: &str) -> bool {
    attribute(head, word).is_some()
}

/// The entities our pages and their frameworks write.
pub fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&#x27;", "'")
        .replace("&#x2F;", "/")
        .replace("&amp;", "&")
}

fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
        out
    })
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap_or_else(|error| panic!("{error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_sent_as_a_browser_would() {
        let page = r#"<form method="post" action="/monitors"><input type=hidden name=token value="a&amp;b"><input name="name" required>
            <textarea name=note rows=2>x &lt; y</textarea><select name="kind"><option value="http">HTTP</option><option value=tcp selected>TCP</option></select>
            <input type="checkbox" name="on" checked><input type="checkbox" name="off"><button>Save</button></form>"#;
        let mut form = read(page, "/here").remove(0);
        form.set("name", "Ä b");
        assert_eq!((form.action.as_str(), form.method.as_str()), ("/monitors", "post"));
        assert_eq!(form.encoded(), "token=a%26b&note=x+%3C+y&kind=tcp&on=on&name=%C3%84+b");
        assert!(form.has("off") && !form.has("absent"));
    }
}
