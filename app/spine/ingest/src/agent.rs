//! Browser, system and device from a user agent: the few that people use. What it does not know it does not name.

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Agent {
    /// Name and major version.
    pub browser: Option<(&'static str, String)>,
    pub os: Option<(&'static str, String)>,
    pub device: Option<String>,
}

/// Token and name; the first that is there counts, since most browsers also claim to be others.
const BROWSERS: &[(&str, &str)] = &[
    ("Googlebot/", "Googlebot"),
    ("bingbot/", "Bingbot"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("Edg/", "Edge"),
    ("Edge/", "Edge"),
    ("OPR/", "Opera"),
    ("OPiOS/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("YaBrowser/", "Yandex Browser"),
    ("Vivaldi/", "Vivaldi"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("FxiOS/", "Firefox iOS"),
    ("Firefox/", "Firefox"),
    ("Electron/", "Electron"),
    ("HeadlessChrome/", "HeadlessChrome"),
    ("CriOS/", "Chrome iOS"),
    ("Chrome/", "Chrome"),
    ("curl/", "curl"),
    ("Wget/", "Wget"),
    ("PostmanRuntime/", "Postman"),
    ("python-requests/", "python-requests"),
    ("python-httpx/", "python-httpx"),
    ("okhttp/", "okhttp"),
    ("Go-http-client/", "Go-http-client"),
    ("Dalvik/", "Android"),
];

/// What programs that only read pages call themselves, in small letters. Browsers without a window are not among them: tests of programs use
/// them.
const BOTS: &[&str] = &[
    "bot/",
    "bot;",
    "bot)",
    "bot ",
    "crawler",
    "spider",
    "slurp",
    "facebookexternalhit",
    "embedly",
    "quora link preview",
    "lighthouse",
    "pingdom",
    "uptimerobot",
    "statuscake",
    "whatsapp/",
    "google-inspectiontool",
    "mediapartners-google",
    "bingpreview",
    "yandexbot",
    "archive.org",
    "ahrefs",
    "semrush",
    "gptbot",
    "claudebot",
    "ccbot",
    "bytespider",
    "petalbot",
];

/// Whether a page was read by no person.
pub fn is_bot(agent: &str) -> bool {
    // A maker of telephones.
    let agent = agent.to_ascii_lowercase().replace("cubot", "");
    agent.ends_with("bot") || BOTS.iter().any(|token| agent.contains(token))
}

pub fn parse(agent: &str) -> Agent {
    let agent = agent.get(..agent.len().min(512)).unwrap_or_default();
    Agent { browser: browser(agent), os: os(agent), device: device(agent) }
}

fn browser(agent: &str) -> Option<(&'static str, String)> {
    let known = BROWSERS.iter().find_map(|(token, name)| Some((*name, major(after(agent, token)?))));
    known.or_else(|| {
        let version = after(agent, "Version/").filter(|_| agent.contains("Safari/"))?;
        let name = if agent.contains("Mobile/") { "Mobile Safari" } else { "Safari" };
        Some((name, major(version)))
    })
}

fn os(agent: &str) -> Option<(&'static str, String)> {
    let windows = after(agent, "Windows NT ").map(|version| {
        let name = match number(version, '.').as_str() {
            // Browsers say 10.0 for Windows 11 as well.
            "10.0" => "10+".to_owned(),
            "6.3" => "8.1".to_owned(),
            "6.2" => "8".to_owned(),
            "6.1" => "7".to_owned(),
            other => other.to_owned(),
        };
        ("Windows", name)
    });
    windows
        .or_else(|| after(agent, "iPhone OS ").map(|version| ("iOS", number(version, '_').replace('_', "."))))
        .or_else(|| after(agent, "CPU OS ").map(|version| ("iPadOS", number(version, '_').replace('_', "."))))
        .or_else(|| after(agent, "Android ").map(|version| ("Android", number(version, '.'))))
        .or_else(|| after(agent, "Mac OS X ").map(|version| ("macOS", number(version, '_').replace('_', "."))))
        .or_else(|| after(agent, "CrOS ").map(|_| ("ChromeOS", String::new())))
        .or_else(|| agent.contains("Linux").then(|| ("Linux", String::new())))
}

fn device(agent: &str) -> Option<String> {
    if agent.contains("iPhone") {
        return Some("iPhone".to_owned());
    }
    if agent.contains("iPad") {
        return Some("iPad".to_owned());
    }
    if agent.contains("Macintosh") {
        return Some("Mac".to_owned());
    }
    // `(Linux; Android 14; Pixel 8 Build/UD1A)`; Chrome says only K, which means it will not tell.
    let (_, model) = after(agent, "Android ")?.split_once("; ")?;
    let end = model.find([';', ')']).unwrap_or(model.len());
    let model = model[..end].split(" Build/").next().unwrap_or_default().trim();
    (model.len() > 1 && model.len() <= 60).then(|| model.to_owned())
}

fn after<'a>(agent: &'a str, token: &str) -> Option<&'a str> {
    agent.find(token).map(|place| &agent[place + token.len()..])
}

fn major(version: &str) -> String {
    version.chars().take_while(char::is_ascii_digit).take(6).collect()
}

fn number(version: &str, dot: char) -> String {
    version.chars().take_while(|c| c.is_ascii_digit() || *c == dot).take(12).collect::<String>().trim_end_matches(dot).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bots_are_told_from_browsers() {
        for bot in [
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
            "facebookexternalhit/1.1",
            "Slackbot",
        ] {
            assert!(is_bot(bot), "{bot}");
        }
        for person in [
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36",
            "Mozilla/5.0 (Linux; Android 9; CUBOT X18 Plus) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
            "analytics-node/3.0.13",
            "",
        ] {
            assert!(!is_bot(person), "{person}");
        }
    }

    #[test]
    fn the_browsers_people_use_are_told_apart() {
        let cases = [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
                "Chrome 142",
                "Windows 10+",
                "",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.1.2",
                "Edge 142",
                "Windows 10+",
                "",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
                "Safari 18",
                "macOS 10.15.7",
                "Mac",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
                "Mobile Safari 18",
                "iOS 18.1",
                "iPhone",
            ),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0", "Firefox 132", "Linux ", ""),
            (
                "Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UD1A) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
                "Chrome 142",
                "Android 14",
                "Pixel 8",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
                "Chrome 142",
                "Android 10",
                "",
            ),
            ("curl/8.5.0", "curl 8", "", ""),
        ];
        for (agent, browser, os, device) in cases {
            let parsed = parse(agent);
            let named = |found: Option<(&str, String)>| found.map(|(name, version)| format!("{name} {version}")).unwrap_or_default();
            assert_eq!(
                (named(parsed.browser), named(parsed.os), parsed.device.unwrap_or_default()),
                (browser.into(), os.into(), device.into()),
                "{agent}"
            );
        }
        assert_eq!(parse("node"), Agent::default());
        assert_eq!(parse(&"é".repeat(600)), Agent::default());
    }
}
