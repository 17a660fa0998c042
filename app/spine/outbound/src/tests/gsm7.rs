use proptest::prelude::*;

use crate::gsm7::{PART, one_part, septets};

#[test]
fn typographic_signs_are_spelt_plainly() {
    assert_eq!(one_part("“It’s down” – now… 5\u{a0}min"), "\"It's down\" - now... 5 min");
    assert_eq!(one_part("200 → 503"), "200 -> 503");
}

#[test]
fn emoji_leave_no_gap() {
    assert_eq!(one_part("🚨 DOWN 🔥 api ❤️"), "DOWN api");
    assert_eq!(one_part("👩‍👩‍👧‍👦🇩🇪"), "");
}

#[test]
fn letters_lose_only_the_accents_that_the_alphabet_lacks() {
    assert_eq!(one_part("Zürich naïve Čapek São Łódź façade"), "Zürich naive Capek Sao Lodz facade");
    assert_eq!(one_part("è é ù ì ò Ç ñ ß Æ Ø å"), "è é ù ì ò Ç ñ ß Æ Ø å");
    assert_eq!(one_part("Việt Nam"), "Viet Nam");
}

#[test]
fn other_scripts_are_romanised_or_marked() {
    assert_eq!(one_part("Москва не отвечает"), "Moskva ne otvechaet");
    assert_eq!(one_part("Αθήνα"), "AΘHNA");
    assert_eq!(one_part("東京 api"), "? api");
}

#[test]
fn signs_of_the_extension_cost_two() {
    assert_eq!(septets("abc"), Some(3));
    assert_eq!(septets("{€}"), Some(6));
    assert_eq!(septets("naïve"), None);
    assert_eq!(septets(&one_part(&"€".repeat(80))), Some(160));
    assert_eq!(one_part(&"€".repeat(80)).chars().count(), 80);
    assert_eq!(one_part(&"€".repeat(81)), format!("{}...", "€".repeat(78)));
}

#[test]
fn a_long_text_is_cut_and_says_so() {
    assert_eq!(one_part(&"a".repeat(160)), "a".repeat(160));
    assert_eq!(one_part(&"a".repeat(161)), format!("{}...", "a".repeat(157)));
    assert_eq!(one_part(&format!("{} {}", "a".repeat(156), "b".repeat(20))), format!("{}...", "a".repeat(156)));
}

#[test]
fn lines_stay_lines() {
    assert_eq!(one_part("DOWN api\r\n\r\n  since 12:00\t\u{c}UTC \n"), "DOWN api\nsince 12:00 UTC");
}

proptest! {
    #[test]
    fn whatever_comes_goes_out_as_one_part(text in "\\PC{0,400}") {
        let part = one_part(&text);
        prop_assert!(septets(&part).is_some_and(|count| count <= PART), "{part:?}");
    }

    #[test]
    fn control_characters_and_any_bytes_too(text in any::<String>()) {
        let part = one_part(&text);
        prop_assert!(septets(&part).is_some_and(|count| count <= PART), "{part:?}");
    }

    #[test]
    fn spelling_twice_changes_nothing(text in "[ -~äöüß€é—🚨\n]{0,300}") {
        let once = one_part(&text);
        prop_assert_eq!(one_part(&once), once);
    }
}
