//! A command line becomes an argument list without any shell: quotes group, nothing expands, nothing pipes.
//!
//! [`split`], [`is_plain_text`], [`libpq`] (a PostgreSQL URL as environment), [`environment`] (lines of NAME=value).

use std::collections::BTreeMap;

use kernel::{Error, Result};
use url::Url;

/// Words as a shell would split them: blanks separate; `'…'` and `"…"` group; a backslash takes the next character as it is
/// (inside `"…"` only before `"` and `\`). What only a shell understands is refused rather than passed on as a word.
pub fn split(line: &str) -> Result<Vec<String>> {
    let (mut words, mut word, mut is_quoted) = (Vec::new(), String::new(), false);
    let mut characters = line.trim().chars().peekable();
    let mut end = |word: &mut String, is_quoted: &mut bool| -> Result<()> {
        if !word.is_empty() || *is_quoted {
            if !*is_quoted && ["|", "||", "&", "&&", ";", "<", ">", ">>", "2>&1"].contains(&word.as_str()) {
                return Err(Error::invalid(format!(
                    "No shell runs this command, so “{word}” means nothing. Name one program; or write sh -c '…' if you need a shell."
                )));
            }
            words.push(std::mem::take(word));
        }
        *is_quoted = false;
        Ok(())
    };
    while let Some(character) = characters.next() {
        match character {
            '\0' | '\n' | '\r' => return Err(Error::invalid("Please write the command on one line.")),
            quote @ ('\'' | '"') => {
                is_quoted = true;
                loop {
                    match characters.next() {
                        None => return Err(Error::invalid("A quotation mark in the command is not closed.")),
                        Some(next) if next == quote => break,
                        Some('\\') if quote == '"' && matches!(characters.peek(), Some('"' | '\\')) => word.extend(characters.next()),
                        Some(next) => word.push(next),
                    }
                }
            }
            '\\' => match characters.next() {
                Some(next) => {
                    is_quoted = true;
                    word.push(next);
                }
                None => return Err(Error::invalid("The command ends with a backslash.")),
            },
            blank if blank.is_whitespace() => end(&mut word, &mut is_quoted)?,
            other => word.push(other),
        }
    }
    end(&mut word, &mut is_quoted)?;
    Ok(words)
}

/// SQL, which `pg_restore` does not read: `pg_dump`'s own format, where none is named, and always that of `pg_dumpall`.
pub fn is_plain_text(words: &[String]) -> bool {
    let program = words.iter().position(|word| name_of(word) == "pg_dump");
    match format(&words[program.map_or(0, |at| at + 1)..]) {
        _ if is_of_cluster(words) => true,
        Some(format) => ["p", "plain"].iter().any(|plain| format.eq_ignore_ascii_case(plain)),
        None => program.is_some(),
    }
}

/// All databases of a server at once.
pub fn is_of_cluster(words: &[String]) -> bool {
    words.iter().any(|word| name_of(word) == "pg_dumpall")
}

fn name_of(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or(program)
}

/// The last one named: `-Fp`, `-F p`, `--format=plain`, `--format plain`, `-vFp`.
fn format(words: &[String]) -> Option<&str> {
    let mut found = None;
    for (at, word) in words.iter().enumerate() {
        let next = words.get(at + 1).map(String::as_str);
        let value = match word.strip_prefix("--") {
            Some("format") => next,
            Some(long) => long.strip_prefix("format="),
            // Letters that take a value end the bundle: what follows is no option.
            None => word
                .strip_prefix('-')
                .and_then(|bundle| bundle.split_at_checked(bundle.find(|c| "dEeFfhjNnpSTtUZ".contains(c))?))
                .and_then(|(_, rest)| match rest.strip_prefix('F')? {
                    "" => next,
                    value => Some(value),
                }),
        };
        found = value.or(found);
    }
    found
}

/// What libpq reads from its environment instead of a URL, so that no password stands in a list of processes.
pub fn libpq(url: &str) -> Result<BTreeMap<String, String>> {
    let wrong = |what: &str| Error::invalid(format!("{what} A connection URL looks like postgresql://name:password@host:5432/database."));
    let parsed = Url::parse(url.trim()).map_err(|_| wrong("This cannot be read."))?;
    if !matches!(parsed.scheme(), "postgres" | "postgresql") {
        return Err(wrong("It starts with postgresql://."));
    }
    let mut environment = BTreeMap::new();
    let mut set = |name: &str, value: String| {
        if !value.is_empty() {
            environment.insert(name.to_owned(), value);
        }
    };
    set("PGHOST", decoded(parsed.host_str().unwrap_or_default()).trim_matches(['[', ']']).to_owned());
    set("PGPORT", parsed.port().map(|port| port.to_string()).unwrap_or_default());
    set("PGUSER", decoded(parsed.username()));
    set("PGPASSWORD", decoded(parsed.password().unwrap_or_default()));
    set("PGDATABASE", decoded(parsed.path().trim_start_matches('/')));
    for (name, value) in parsed.query().unwrap_or_default().split('&').filter(|option| !option.is_empty()).map(option) {
        let variable = match name.as_str() {
            "host" => "PGHOST",
            "port" => "PGPORT",
            "user" => "PGUSER",
            "password" => "PGPASSWORD",
            "dbname" => "PGDATABASE",
            "sslmode" => "PGSSLMODE",
            "sslrootcert" => "PGSSLROOTCERT",
            "sslcert" => "PGSSLCERT",
            "sslkey" => "PGSSLKEY",
            "connect_timeout" => "PGCONNECT_TIMEOUT",
            "application_name" => "PGAPPNAME",
            "options" => "PGOPTIONS",
            other => return Err(wrong(&format!("The option “{other}” is not known here; give it by its PG… variable."))),
        };
        set(variable, value);
    }
    Ok(environment)
}

fn option(text: &str) -> (String, String) {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    (decoded(name), decoded(value))
}

/// The passwords of a URL: as they stand there, and as libpq gets them.
pub fn passwords(url: &str) -> Vec<String> {
    let login = url.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@')).and_then(|(login, _)| login.split_once(':'));
    let mut found: Vec<String> = login.map(|(_, password)| password.to_owned()).into_iter().collect();
    if let Ok(parsed) = Url::parse(url.trim()) {
        let options = parsed.query().unwrap_or_default().split('&').filter_map(|option| option.strip_prefix("password="));
        found.extend(parsed.password().into_iter().chain(options).flat_map(|password| [password.to_owned(), decoded(password)]));
    }
    found
}

fn decoded(text: &str) -> String {
    // What separates the fields of a form, and “+” for a space, stand for themselves here.
    let text = text.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    url::form_urlencoded::parse(text.as_bytes()).map(|(name, _)| name.into_owned()).next().unwrap_or_default()
}

/// One NAME=value a line; empty lines and those that begin with `#` are skipped.
pub fn environment(text: &str) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (name, value) =
            line.split_once('=').ok_or_else(|| Error::invalid("Please write the environment as NAME=value, one a line."))?;
        found.insert(name.trim().to_owned(), value.trim().to_owned());
    }
    check_names(&found)?;
    Ok(found)
}

/// The loader's own variables would let a value run code before the program does.
pub fn check_names(environment: &BTreeMap<String, String>) -> Result<()> {
    for (name, value) in environment {
        let is_plain = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && !name.starts_with(|first: char| first.is_ascii_digit());
        if !is_plain || name.len() > 100 || value.len() > 8_000 || value.contains('\0') {
            return Err(Error::invalid("The name of a variable has letters, digits and underscores; its value is at most 8000 bytes."));
        }
        if name.starts_with("LD_") {
            return Err(Error::invalid(format!("{name} is read by the loader and cannot be set here.")));
        }
    }
    Ok(())
}
