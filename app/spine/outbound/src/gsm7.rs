//! Text for one paid SMS part: only characters of GSM 03.38, at most 160 septets. Pure.
//!
//! One character outside the alphabet switches the whole message to UCS-2 and its limit from 160 to 70, so typographic signs are
//! spelt plainly, letters lose the accents the alphabet lacks, other scripts are romanised, and emoji are left out.

/// What fits into one part.
pub const PART: usize = 160;
const CUT_MARK: &str = "...";

/// The default alphabet, in the order of its codes (without the escape).
const ALPHABET: &str =
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Two septets each: an escape and a code.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// Septets of the text, or none when a character is not in the alphabet.
pub fn septets(text: &str) -> Option<usize> {
    text.chars().map(weight).sum()
}

/// The text as one part: spelt in the alphabet, blanks tidied, cut with `...` when it is too long.
pub fn one_part(text: &str) -> String {
    let spelt = tidy(&spell(text));
    if septets(&spelt).is_some_and(|count| count <= PART) {
        return spelt;
    }
    let (mut cut, mut used) = (String::new(), CUT_MARK.len());
    for c in spelt.chars() {
        used += weight(c).unwrap_or(0);
        if used > PART {
            break;
        }
        cut.push(c);
    }
    cut.truncate(cut.trim_end().len());
    cut + CUT_MARK
}

fn weight(c: char) -> Option<usize> {
    if ALPHABET.contains(c) {
        Some(1)
    } else if EXTENSION.contains(c) {
        Some(2)
    } else {
        None
    }
}

/// Every character replaced by what the alphabet has for it; `?` for letters of scripts without a table here.
fn spell(text: &str) -> String {
    let mut spelt = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => spelt.push('\n'),
            '\u{c}' | '\r' | '\t' => spelt.push(' '),
            c if weight(c).is_some() => spelt.push(c),
            c => match plain(c) {
                Some(plain) => spelt.push_str(plain),
                None if c.is_alphanumeric() && spelt.ends_with('?') => {}
                None if c.is_alphanumeric() => spelt.push('?'),
                None if c.is_whitespace() => spelt.push(' '),
                None => {}
            },
        }
    }
    spelt
}

/// One blank where several meet (a dropped emoji leaves two), none at the ends of lines, no empty lines.
fn tidy(text: &str) -> String {
    let lines = text.lines().map(|line| line.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// `(replacement, the characters it stands for)`.
const PLAIN: &[(&str, &str)] = &[
    // Signs.
    ("'", "‘’‚‛′`´ʼʹ‹›"),
    ("\"", "“”„‟″«»"),
    ("-", "‐‑‒–—―−•·‣▪●"),
    ("...", "…"),
    (" ", "\u{a0}\u{2007}\u{202f}\u{2009}\u{200a}\u{3000}"),
    ("->", "→⇒➜➔"),
    ("<-", "←⇐"),
    ("x", "×✕"),
    ("/", "÷⁄"),
    ("+-", "±"),
    ("<=", "≤"),
    (">=", "≥"),
    ("!=", "≠"),
    ("~", "≈∼"),
    ("deg", "°"),
    ("(c)", "©"),
    ("(R)", "®"),
    ("TM", "™"),
    ("u", "µμ"),
    ("o/oo", "‰"),
    ("No", "№"),
    ("1/2", "½"),
    ("1/4", "¼"),
    ("3/4", "¾"),
    ("1", "¹"),
    ("2", "²"),
    ("3", "³"),
    ("|", "¦"),
    ("c", "¢"),
    ("GBP", "₤"),
    ("INR", "₹"),
    ("!", "‼！"),
    ("?", "？"),
    (",", "،、，"),
    (".", "。．"),
    (":", "："),
    // Latin letters whose accents the alphabet lacks.
    ("A", "ÀÁÂÃĀĂĄǍẠẢẤẦẨẪẬẮẰẲẴẶ"),
    ("a", "áâãāăąǎạảấầẩẫậắằẳẵặª"),
    ("C", "ĆĈĊČ"),
    ("c", "çćĉċč"),
    ("D", "ĎĐÐ"),
    ("d", "ďđð"),
    ("E", "ÈÊËĒĔĖĘĚẸẺẼẾỀỂỄỆ"),
    ("e", "êëēĕėęěẹẻẽếềểễệ"),
    ("G", "ĜĞĠĢ"),
    ("g", "ĝğġģ"),
    ("H", "ĤĦ"),
    ("h", "ĥħ"),
    ("I", "ÌÍÎÏĨĪĬĮİỈỊ"),
    ("i", "íîïĩīĭįıỉị"),
    ("J", "Ĵ"),
    ("j", "ĵ"),
    ("K", "Ķ"),
    ("k", "ķĸ"),
    ("L", "ĹĻĽĿŁ"),
    ("l", "ĺļľŀł"),
    ("N", "ŃŅŇŊ"),
    ("n", "ńņňŉŋ"),
    ("O", "ÒÓÔÕŌŎŐƠỌỎỐỒỔỖỘỚỜỞỠỢ"),
    ("o", "óôõōŏőơọỏốồổỗộớờởỡợº"),
    ("R", "ŔŖŘ"),
    ("r", "ŕŗř"),
    ("S", "ŚŜŞŠȘ"),
    ("s", "śŝşšșſ"),
    ("T", "ŢŤŦȚ"),
    ("t", "ţťŧț"),
    ("U", "ÙÚÛŨŪŬŮŰŲƯỤỦỨỪỬỮỰ"),
    ("u", "úûũūŭůűųưụủứừửữự"),
    ("W", "Ŵ"),
    ("w", "ŵ"),
    ("Y", "ÝŶŸỲỴỶỸ"),
    ("y", "ýÿŷỳỵỷỹ"),
    ("Z", "ŹŻŽ"),
    ("z", "źżž"),
    ("OE", "Œ"),
    ("oe", "œ"),
    ("IJ", "Ĳ"),
    ("ij", "ĳ"),
    ("SS", "ẞ"),
    ("Th", "Þ"),
    ("th", "þ"),
    // Greek: capitals that look Latin are Latin in the alphabet's own practice; small letters become its capitals.
    ("A", "ΑΆαά"),
    ("B", "Ββ"),
    ("E", "ΕΈεέ"),
    ("Z", "Ζζ"),
    ("H", "ΗΉηή"),
    ("I", "ΙΊιίϊΐ"),
    ("K", "Κκ"),
    ("M", "Μ"),
    ("N", "Νν"),
    ("O", "ΟΌοό"),
    ("P", "Ρρ"),
    ("T", "Ττ"),
    ("Y", "ΥΎυύϋΰ"),
    ("X", "Χχ"),
    ("Γ", "γ"),
    ("Δ", "δ"),
    ("Θ", "θ"),
    ("Λ", "λ"),
    ("Ξ", "ξ"),
    ("Π", "π"),
    ("Σ", "σς"),
    ("Φ", "φ"),
    ("Ψ", "ψ"),
    ("Ω", "ωώΏ"),
    // Cyrillic, romanised.
    ("A", "А"),
    ("a", "а"),
    ("B", "Б"),
    ("b", "б"),
    ("V", "В"),
    ("v", "в"),
    ("G", "ГҐ"),
    ("g", "гґ"),
    ("D", "Д"),
    ("d", "д"),
    ("E", "ЕЁЭ"),
    ("e", "еёэ"),
    ("Ye", "Є"),
    ("ye", "є"),
    ("Zh", "Ж"),
    ("zh", "ж"),
    ("Z", "З"),
    ("z", "з"),
    ("I", "ИІ"),
    ("i", "иі"),
    ("Yi", "Ї"),
    ("yi", "ї"),
    ("Y", "ЙЫ"),
    ("y", "йы"),
    ("K", "К"),
    ("k", "к"),
    ("L", "Л"),
    ("l", "л"),
    ("M", "М"),
    ("m", "м"),
    ("N", "Н"),
    ("n", "н"),
    ("O", "О"),
    ("o", "о"),
    ("P", "П"),
    ("p", "п"),
    ("R", "Р"),
    ("r", "р"),
    ("S", "С"),
    ("s", "с"),
    ("T", "Т"),
    ("t", "т"),
    ("U", "У"),
    ("u", "у"),
    ("F", "Ф"),
    ("f", "ф"),
    ("Kh", "Х"),
    ("kh", "х"),
    ("Ts", "Ц"),
    ("ts", "ц"),
    ("Ch", "Ч"),
    ("ch", "ч"),
    ("Sh", "Ш"),
    ("sh", "ш"),
    ("Shch", "Щ"),
    ("shch", "щ"),
    ("Yu", "Ю"),
    ("yu", "ю"),
    ("Ya", "Я"),
    ("ya", "я"),
    ("", "ЪъЬь"),
];

fn plain(c: char) -> Option<&'static str> {
    PLAIN.iter().find(|(_, stands_for)| stands_for.contains(c)).map(|(plain, _)| *plain)
}
