//! A command line becomes an argument list without any shell: quotes group, nothing expands, nothing pipes.
//!
//! [`split`], [`libpq`] (a PostgreSQL URL as environment), [`environment`] (lines of NAME=value).

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
    for (name, value) in parsed.query_pairs() {
        let variable = match name.as_ref() {
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
        set(variable, value.into_owned());
    }
    Ok(environment)
}

fn decoded(text: &str) -> String {
    // `form_urlencoded` reads “+” as a space, which stands for itself here.
    let text = text.replace('+', "%2B");
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
