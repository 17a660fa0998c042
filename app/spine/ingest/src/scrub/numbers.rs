//! Numbers that belong to a person: cards, bank accounts, social security. Each is checked by its own sums, so that ids and times stay.

use super::text::Found;

/// Fewest digits of anything that is looked for here.
pub const FEWEST: u32 = 9;

pub fn find(text: &str, digits: u32, found: &mut Vec<Found>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(start) = next_digit(bytes, at) {
        let run = Run::at(bytes, start);
        if run.is_free {
            if is_card(&run.digits[..run.len.min(run.digits.len())], run.len) {
                found.push(Found { start, end: run.end, rule: "@creditcard" });
            } else if is_social_security(&text[start..run.end]) {
                found.push(Found { start, end: run.end, rule: "@usssn" });
            }
        }
        at = run.end;
    }
    if digits >= 10 {
        find_ibans(text, found);
    }
}

/// The text of a JSON number.
pub fn is_card_number(text: &str) -> bool {
    let len = text.len();
    if !(13..=19).contains(&len) || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let run = Run::at(text.as_bytes(), 0);
    is_card(&run.digits[..run.len], run.len)
}

fn next_digit(bytes: &[u8], from: usize) -> Option<usize> {
    bytes.get(from..)?.iter().position(u8::is_ascii_digit).map(|at| from + at)
}

/// Digits with at most one space or dash between two of them.
struct Run {
    digits: [u8; 19],
    /// Of all digits, also of those that have no room.
    len: usize,
    end: usize,
    /// It stands for itself: no part of a word, an id, a decimal.
    is_free: bool,
}

impl Run {
    fn at(bytes: &[u8], start: usize) -> Run {
        let mut run = Run { digits: [0; 19], len: 0, end: start, is_free: false };
        let mut at = start;
        while let Some(byte) = bytes.get(at) {
            if byte.is_ascii_digit() {
                if let Some(slot) = run.digits.get_mut(run.len) {
                    *slot = byte - b'0';
                }
                run.len += 1;
                at += 1;
                run.end = at;
            } else if matches!(byte, b' ' | b'-') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
                at += 1;
            } else {
                break;
            }
        }
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        let before = start.checked_sub(1).and_then(|at| bytes.get(at));
        let after = bytes.get(run.end);
        let is_decimal = after == Some(&b'.') && bytes.get(run.end + 1).is_some_and(u8::is_ascii_digit);
        run.is_free =
            !before.is_some_and(is_word) && !after.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') && !is_decimal;
        run
    }
}

/// By the issuers' ranges and lengths, and the check digit.
fn is_card(digits: &[u8], len: usize) -> bool {
    if !(13..=19).contains(&len) {
        return false;
    }
    let first = |count: usize| digits[..count].iter().fold(0_u32, |number, digit| number * 10 + u32::from(*digit));
    let is_issued = match len {
        13 | 19 if digits[0] == 4 => true,
        14 => matches!(first(3), 300..=305 | 309) || matches!(first(2), 36 | 38 | 39),
        15 => matches!(first(2), 34 | 37),
        16..=19 => {
            (len == 16 && (digits[0] == 4 || matches!(first(2), 51..=55) || matches!(first(4), 2221..=2720)))
                || matches!(first(4), 6011 | 3528..=3589 | 5018 | 5020 | 5038 | 6304 | 6759 | 6761..=6763)
                || matches!(first(3), 644..=649)
                || matches!(first(2), 62 | 65)
        }
        _ => false,
    };
    is_issued && luhn(digits)
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(*digit)) {
            (0, digit) => digit,
            (_, digit @ 5..) => digit * 2 - 9,
            (_, digit) => digit * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// `123-45-6789`, but none that was never given out.
fn is_social_security(text: &str) -> bool {
    let bytes = text.as_bytes();
    let has_form = bytes.len() == 11
        && bytes.iter().enumerate().all(|(at, byte)| if matches!(at, 3 | 6) { *byte == b'-' } else { byte.is_ascii_digit() });
    has_form && !matches!(&text[..3], "000" | "666") && !text.starts_with('9') && &text[4..6] != "00" && &text[7..] != "0000"
}

/// Length of an IBAN by country (the registry of SWIFT).
const IBAN_LENGTHS: &str = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 FR27 GB22 \
    GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 MC27 MD24 ME22 MK19 \
    MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 \
    VG24 XK20";

fn find_ibans(text: &str, found: &mut Vec<Found>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at + 15 <= bytes.len() {
        let is_start = bytes[at].is_ascii_uppercase()
            && bytes[at + 1].is_ascii_uppercase()
            && bytes[at + 2].is_ascii_digit()
            && bytes[at + 3].is_ascii_digit()
            && !at.checked_sub(1).is_some_and(|before| bytes[before].is_ascii_alphanumeric() || bytes[before] == b'_');
        match is_start.then(|| iban_end(bytes, at)).flatten() {
            Some(end) => {
                found.push(Found { start: at, end, rule: "@iban" });
                at = end;
            }
            None => at += 1,
        }
    }
}

/// Where the IBAN that begins here ends, if one does: of its country's length, with single spaces, divisible as it must be.
fn iban_end(bytes: &[u8], start: usize) -> Option<usize> {
    let len: usize = IBAN_LENGTHS.split(' ').find(|one| bytes[start..].starts_with(&one.as_bytes()[..2]))?[2..].parse().ok()?;
    let mut letters = [0_u8; 34];
    let (mut count, mut at) = (0, start);
    while count < len {
        let byte = *bytes.get(at)?;
        if byte.is_ascii_uppercase() || byte.is_ascii_digit() {
            letters[count] = byte;
            count += 1;
        } else if byte != b' ' || bytes.get(at.checked_sub(1)?) == Some(&b' ') {
            return None;
        }
        at += 1;
    }
    if bytes.get(at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
        return None;
    }
    let letters = &letters[..len];
    let rest = letters[4..].iter().chain(&letters[..4]).fold(0_u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte - b'A') + 10) % 97,
    });
    (rest == 1).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Vec<(&'static str, &str)> {
        let mut found = Vec::new();
        find(text, text.bytes().filter(u8::is_ascii_digit).count() as u32, &mut found);
        found.iter().map(|found| (found.rule, &text[found.start..found.end])).collect()
    }

    #[test]
    fn numbers_of_cards_and_accounts_are_found_where_they_stand() {
        for (text, rule, part) in [
            ("card 4111 1111 1111 1111 declined", "@creditcard", "4111 1111 1111 1111"),
            ("4242-4242-4242-4242", "@creditcard", "4242-4242-4242-4242"),
            ("(378282246310005)", "@creditcard", "378282246310005"),
            ("pan=5555555555554444;", "@creditcard", "5555555555554444"),
            ("6011111111111117.", "@creditcard", "6011111111111117"),
            ("ssn 078-05-1120", "@usssn", "078-05-1120"),
            ("to DE89 3704 0044 0532 0130 00 now", "@iban", "DE89 3704 0044 0532 0130 00"),
            ("GB29NWBK60161331926819", "@iban", "GB29NWBK60161331926819"),
            ("NO9386011117947", "@iban", "NO9386011117947"),
        ] {
            assert_eq!(rules(text), [(rule, part)], "{text}");
        }
    }

    #[test]
    fn ids_times_and_decimals_are_no_numbers_of_cards() {
        for text in [
            "4111111111111112",
            "1764497520123",
            "1764497520123456789",
            "0.4111111111111111",
            "a4111111111111111",
            "4111111111111111f",
            "4111111111111111.5",
            "41111111111111111111111",
            "1099511627776123456",
            "000-12-3456",
            "2026-11-30 10:12:03",
            "DE88370400440532013000",
            "ZZ89370400440532013000",
            "+1 415 555 0100 2671",
        ] {
            assert_eq!(rules(text), [], "{text}");
        }
    }
}
