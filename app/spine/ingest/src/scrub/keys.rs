//! Names that hold secrets: of fields, headers, parameters, variables, attributes.
//!
//! A name is compared without case, dashes, dots and underscores, so that `X-Api-Key`, `x_api_key` and `xApiKey` are one.

/// Why a value goes: the rule's name in `_meta`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    pub rule: &'static str,
    /// A number under this name is a secret, too: a PIN is, the length of a session is not.
    pub takes_numbers: bool,
    /// Truth values go as well: only where the project itself asked for it.
    pub takes_all: bool,
}

const fn verdict(rule: &'static str, takes_numbers: bool) -> Verdict {
    Verdict { rule, takes_numbers, takes_all: false }
}

const PASSWORD: Verdict = verdict("@password", true);
const SECRET: Verdict = verdict("@secret", true);
const TOKEN: Verdict = verdict("@token", false);
const COOKIE: Verdict = verdict("@cookie", false);
const SESSION: Verdict = verdict("@session", false);
const AUTH: Verdict = verdict("@authorization", false);
const CARD: Verdict = verdict("@creditcard", true);
const PERSON: Verdict = verdict("@identity", true);
pub const ADDRESS: Verdict = verdict("@ip", false);
const PROJECT: Verdict = Verdict { rule: "project", takes_numbers: true, takes_all: true };

/// Clear wherever they stand in a name.
const ANYWHERE: &[(&str, Verdict)] = &[
    ("password", PASSWORD),
    ("passwd", PASSWORD),
    ("passphrase", PASSWORD),
    ("passcode", PASSWORD),
    ("mysqlpwd", PASSWORD),
    ("kennwort", PASSWORD),
    ("passwort", PASSWORD),
    ("secret", SECRET),
    ("apikey", SECRET),
    ("accesskey", SECRET),
    ("privatekey", SECRET),
    ("encryptionkey", SECRET),
    ("signingkey", SECRET),
    ("credential", SECRET),
    ("connectionstring", SECRET),
    ("xamzsignature", SECRET),
    ("token", TOKEN),
    ("csrf", TOKEN),
    ("xsrf", TOKEN),
    ("authorization", AUTH),
    ("cookie", COOKIE),
    ("session", SESSION),
    ("sessid", SESSION),
    ("connectsid", SESSION),
    ("creditcard", CARD),
    ("cardnumber", CARD),
    ("socialsecurity", PERSON),
];

/// Too short to be looked for inside of other words: they are the name's last word.
const LAST_WORD: &[(&str, Verdict)] = &[
    ("pwd", PASSWORD),
    ("pass", verdict("@password", false)),
    ("pw", verdict("@password", false)),
    ("pin", PASSWORD),
    ("otp", PASSWORD),
    ("totp", PASSWORD),
    ("auth", AUTH),
    ("jwt", TOKEN),
    ("bearer", TOKEN),
    ("sess", SESSION),
    ("cvv", CARD),
    ("cvc", CARD),
    ("iban", PERSON),
    ("ssn", PERSON),
];

/// A last word that says something about a secret without being it: `token_count`, `session_timeout`, `password_policy`.
const HARMLESS_LAST: &str = "age algorithm at attempts banner consent cost count counts date disabled domain duration enabled endpoint exists expiration \
    expired expires expiry field format length len limit lifetime max maxage method min ms name policy present required rounds \
    samesite seconds size started state strength sum timeout total ttl type usage used valid version";

/// A first word that makes a question or a number of it: `has_password`, `max_tokens`, `num_sessions`.
const HARMLESS_FIRST: &str = "has is max min num total count should needs requires";

/// Words that begin like a secret and are none.
const LOOKALIKES: &str = "tokeniz tokenis secretar sessionreplay sessionstorage";

/// Pairs of letters with which a word of [`ANYWHERE`] begins, as a set of bits: most names have none of them.
const BEGINNINGS: [u64; 16] = {
    let mut set = [0u64; 16];
    let mut at = 0;
    while at < ANYWHERE.len() {
        let word = ANYWHERE[at].0.as_bytes();
        let pair = pair_of(word[0], word[1]);
        set[pair / 64] |= 1 << (pair % 64);
        at += 1;
    }
    set
};

const fn pair_of(first: u8, second: u8) -> usize {
    ((first & 31) as usize) << 5 | (second & 31) as usize
}

const LONGEST: usize = 128;

/// A name's letters and digits in small letters, and where its last word begins.
struct Plain {
    letters: [u8; LONGEST],
    len: usize,
    first_end: usize,
    last_start: usize,
}

impl Plain {
    fn of(name: &str) -> Plain {
        let mut plain = Plain { letters: [0; LONGEST], len: 0, first_end: 0, last_start: 0 };
        let (mut is_boundary, mut was_small) = (false, false);
        for byte in name.bytes() {
            if !byte.is_ascii_alphanumeric() {
                is_boundary = true;
                continue;
            }
            if plain.len == LONGEST {
                break;
            }
            if plain.len > 0 && (is_boundary || (was_small && byte.is_ascii_uppercase())) {
                plain.last_start = plain.len;
                if plain.first_end == 0 {
                    plain.first_end = plain.len;
                }
            }
            (is_boundary, was_small) = (false, byte.is_ascii_lowercase() || byte.is_ascii_digit());
            plain.letters[plain.len] = byte.to_ascii_lowercase();
            plain.len += 1;
        }
        plain
    }

    fn all(&self) -> &[u8] {
        &self.letters[..self.len]
    }

    fn last_word(&self) -> &[u8] {
        &self.letters[self.last_start..self.len]
    }

    fn first_word(&self) -> &[u8] {
        &self.letters[..self.first_end]
    }
}

fn standard(plain: &Plain) -> Option<Verdict> {
    let found = anywhere(plain.all()).or_else(|| last_word(plain.last_word()))?;
    let is_in = |list: &str, word: &[u8]| list.split(' ').any(|one| one.as_bytes() == word);
    let is_harmless = is_in(HARMLESS_LAST, plain.last_word()) || is_in(HARMLESS_FIRST, plain.first_word());
    (!is_harmless).then_some(found)
}

fn anywhere(letters: &[u8]) -> Option<Verdict> {
    for (at, pair) in letters.windows(2).enumerate() {
        let pair = pair_of(pair[0], pair[1]);
        if BEGINNINGS[pair / 64] & (1 << (pair % 64)) == 0 {
            continue;
        }
        let rest = &letters[at..];
        let begins = |word: &str| rest.starts_with(word.as_bytes());
        if let Some((_, verdict)) = ANYWHERE.iter().find(|(word, _)| begins(word))
            && !LOOKALIKES.split(' ').any(begins)
        {
            return Some(*verdict);
        }
    }
    None
}

fn last_word(word: &[u8]) -> Option<Verdict> {
    LAST_WORD.iter().find(|(one, _)| one.as_bytes() == word).map(|(_, verdict)| *verdict)
}

/// Names under which a client's address travels, as ends of names: `http.request.header.x-forwarded-for` is one of them.
const ADDRESS_ENDS: &str = "ipaddress remoteaddr remoteaddress forwardedfor realip clientip clientaddress connectingip userip peerip sockpeeraddr \
    peeraddress socketaddress sourceaddress remoteip";

fn is_address(plain: &Plain) -> bool {
    matches!(plain.all(), b"ip" | b"forwarded" | b"httpforwarded")
        || (plain.len >= 6 && ADDRESS_ENDS.split(' ').any(|end| plain.all().ends_with(end.as_bytes())))
}

/// The names one project looks for.
#[derive(Debug, Clone)]
pub struct Names {
    scrub: Vec<Field>,
    safe: Vec<Field>,
    keeps_addresses: bool,
}

/// `note` or `user.email`: the words of a path's end, each in plain letters.
#[derive(Debug, Clone)]
struct Field {
    words: Vec<Vec<u8>>,
    whole: Vec<u8>,
}

impl Field {
    fn parse(text: &str) -> Option<Field> {
        let whole = Plain::of(text).all().to_vec();
        let words = text.split('.').map(|word| Plain::of(word).all().to_vec()).filter(|word| !word.is_empty()).collect();
        (!whole.is_empty()).then_some(Field { words, whole })
    }

    /// `user.email` means the attribute of this name, or `email` inside of `user`.
    fn is_path(&self, parents: &mut dyn Iterator<Item = &str>, name: &[u8]) -> bool {
        let Some((last, before)) = self.words.split_last() else { return false };
        last == name
            && !before.is_empty()
            && before.iter().rev().all(|word| parents.next().is_some_and(|parent| Plain::of(parent).all() == word))
    }
}

impl Names {
    pub fn new(scrub: &[String], safe: &[String], keeps_addresses: bool) -> Names {
        let fields = |list: &[String]| list.iter().filter_map(|text| Field::parse(text)).collect();
        Names { scrub: fields(scrub), safe: fields(safe), keeps_addresses }
    }

    /// Whether the project says that this is never scrubbed. `parents` come from the inside out.
    pub fn is_safe<'p>(&self, name: &str, mut parents: impl Iterator<Item = &'p str> + Clone) -> bool {
        if self.safe.is_empty() {
            return false;
        }
        let plain = Plain::of(name);
        self.safe.iter().any(|field| field.whole == plain.all() || field.is_path(&mut parents.by_ref().clone(), plain.all()))
    }

    /// Whether what stands under this name must go.
    pub fn verdict<'p>(&self, name: &str, parents: impl Iterator<Item = &'p str> + Clone) -> Option<Verdict> {
        let plain = Plain::of(name);
        if !self.scrub.is_empty() && self.is_scrubbed(&plain, parents) {
            return Some(PROJECT);
        }
        if !self.keeps_addresses && is_address(&plain) {
            return Some(ADDRESS);
        }
        standard(&plain)
    }

    fn is_scrubbed<'p>(&self, plain: &Plain, parents: impl Iterator<Item = &'p str> + Clone) -> bool {
        self.scrub.iter().any(|field| {
            plain.all().windows(field.whole.len()).any(|part| part == field.whole) || field.is_path(&mut parents.clone(), plain.all())
        })
    }
}

/// Names of parameters that are a signature where they stand in an address.
pub fn is_query_secret(name: &str) -> bool {
    ["sig", "signature", "hmac"].iter().any(|one| name.eq_ignore_ascii_case(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(name: &str) -> Option<&'static str> {
        Names::new(&[], &[], true).verdict(name, std::iter::empty()).map(|verdict| verdict.rule)
    }

    #[test]
    fn names_of_secrets_are_known_in_every_spelling() {
        for (name, expected) in [
            ("password", "@password"),
            ("userPassword", "@password"),
            ("PASSWD", "@password"),
            ("db_pwd", "@password"),
            ("reset_password_token", "@password"),
            ("user[password]", "@password"),
            ("pin", "@password"),
            ("X-Api-Key", "@secret"),
            ("apiKey", "@secret"),
            ("AWS_SECRET_ACCESS_KEY", "@secret"),
            ("client.secret", "@secret"),
            ("credentials", "@secret"),
            ("access_token", "@token"),
            ("csrfmiddlewaretoken", "@token"),
            ("X-CSRFToken", "@token"),
            ("XSRF-TOKEN", "@token"),
            ("tokens", "@token"),
            ("Authorization", "@authorization"),
            ("Proxy-Authorization", "@authorization"),
            ("HTTP_AUTHORIZATION", "@authorization"),
            ("basicAuth", "@authorization"),
            ("Set-Cookie", "@cookie"),
            ("http.request.header.cookie", "@cookie"),
            ("sessionid", "@session"),
            ("PHPSESSID", "@session"),
            ("connect.sid", "@session"),
            ("card_number", "@creditcard"),
            ("cvc", "@creditcard"),
            ("ssn", "@identity"),
        ] {
            assert_eq!(rule(name), Some(expected), "{name}");
        }
    }

    #[test]
    fn names_that_only_look_like_secrets_stay() {
        let names = "session_count token_count author authority authenticated authorName tokenizer tokenization token_type max_tokens \
            has_password isSessionActive password_policy session_timeout sessionDuration cookie_consent secretary secret_name \
            passenger compass bypass_all spinner pinned keyboard monkey primary_key description gen_ai.request.max_tokens.count";
        for name in names.split_whitespace().chain(["", "日本"]) {
            assert_eq!(rule(name), None, "{name}");
        }
    }

    #[test]
    fn addresses_go_only_where_the_project_keeps_none() {
        let names = Names::new(&[], &[], false);
        for name in
            ["ip_address", "REMOTE_ADDR", "X-Forwarded-For", "HTTP_X_FORWARDED_FOR", "client.address", "http.client_ip", "X-Real-Ip"]
        {
            assert_eq!(names.verdict(name, std::iter::empty()), Some(ADDRESS), "{name}");
            assert_eq!(rule(name), None, "{name} is kept by default");
        }
        for name in ["server.address", "address", "recipe", "zip", "shipping_address"] {
            assert_eq!(names.verdict(name, std::iter::empty()), None, "{name}");
        }
    }

    #[test]
    fn a_projects_own_fields_are_found_by_name_and_by_path() {
        let names = Names::new(&["nickname".into(), "user.email".into()], &["session.id".into()], true);
        let verdict = |name: &str, parents: &[&str]| names.verdict(name, parents.iter().copied()).map(|verdict| verdict.rule);
        assert_eq!(verdict("Old-Nick_Name", &[]), Some("project"));
        assert_eq!(verdict("user.email", &["attributes"]), Some("project"));
        assert_eq!(verdict("email", &["user"]), Some("project"));
        assert_eq!(verdict("email", &["owner"]), None);
        assert!(names.is_safe("session.id", std::iter::empty()));
        assert!(names.is_safe("id", ["session"].into_iter()));
        assert!(!names.is_safe("session_id_2", std::iter::empty()));
    }
}
