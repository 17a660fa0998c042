//! The console through its own doors: a [`TestHouse`] with the console and a [`Sample`] capability, and browsers with cookies.

mod apply;
mod deliveries;
mod entry;
mod escaping;
mod health;
mod people;
mod projects;
mod roles;
mod sample;
mod second_factor;
mod settings;

use axum::body::Body;
use capability::Capability;
use http::{Method, Request, header};
use identity::sign_in;
use std::collections::BTreeMap;
use testkit::{Answer, Client, TestHouse};

use crate::Console;
use sample::Sample;

const BOTH: &[&dyn Capability] = &[&Console, &Sample];
const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "a sentence to remember";

async fn house() -> TestHouse {
    TestHouse::new(BOTH).await
}

/// A browser that keeps its cookies, as a person's does.
struct Browser {
    client: Client,
    cookies: BTreeMap<String, String>,
    agent: String,
}

impl Browser {
    fn new(house: &TestHouse) -> Self {
        Self { client: house.visitor(), cookies: BTreeMap::new(), agent: "Test/1.0".into() }
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, String::new()).await
    }

    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
        let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        self.send(Method::POST, path, pairs.join("&")).await
    }

    async fn send(&mut self, method: Method, path: &str, body: String) -> Answer {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut request = Request::builder().method(method).uri(path).header(header::USER_AGENT, &self.agent);
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        let answer = self.client.call(request.body(Body::from(body)).unwrap()).await;
        for line in answer.headers.get_all(header::SET_COOKIE) {
            let pair = line.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }
}

/// The value of a hidden or shown input of a page.
fn input_value(page: &str, name: &str) -> String {
    let at = page.find(&format!("name=\"{name}\"")).unwrap_or_else(|| panic!("no input {name}: {page}"));
    let tag = &page[..at + page[at..].find('>').unwrap()];
    let tag = &tag[tag.rfind('<').unwrap()..];
    let value = tag.split("value=\"").nth(1).unwrap_or_default();
    value.split('"').next().unwrap_or_default().to_owned()
}

/// The first thing on a page that may be copied: a key, a one-time link.
fn shown_once(page: &str) -> String {
    let at = page.find("readonly").unwrap_or_else(|| panic!("nothing to copy: {page}"));
    page[at..].split("value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

async fn setup_token(house: &TestHouse) -> String {
    house.cx.write(sign_in::new_setup_token).await.unwrap().unwrap().expose().to_owned()
}

/// A browser in which the first owner is signed in.
async fn owner(house: &TestHouse) -> Browser {
    let token = setup_token(house).await;
    let mut browser = Browser::new(house);
    let fields = [("token", token.as_str()), ("name", "Ada"), ("email", EMAIL), ("password", PASSWORD)];
    browser.post("/set-up", &fields).await.expect(303);
    browser
}
