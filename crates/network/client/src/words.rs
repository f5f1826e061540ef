//! How names, units and long identifiers are written.

/// The first and last digits of a long identifier.
pub fn short(id: &str) -> String {
    match (id.get(..8), id.get(id.len().saturating_sub(6)..)) {
        (Some(start), Some(end)) if id.len() > 16 => format!("{start}…{end}"),
        _ => id.to_owned(),
    }
}

/// Long hexadecimal numbers by their ends, so that a line of a list stays a line.
pub fn shortened(detail: &str) -> String {
    let word = |word: &str| {
        let digits = word.trim_end_matches([',', '.', ':', ';', ')']);
        let is_long = digits.len() >= 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_long { word.replacen(digits, &short(digits), 1) } else { word.to_owned() }
    };
    detail.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// With its first letter as a capital.
pub fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// An error as a sentence: with a capital, and a full stop.
pub fn sentence(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    if text.is_empty() { text } else { capital(text.trim_end_matches('.')) + "." }
}

/// The name of a tensor, for people.
pub fn title(name: &str) -> String {
    name.replace('_', " ")
}

/// A unit behind a number, with a space that does not break: nothing for pure numbers.
pub fn unit_text(unit: &str) -> String {
    if unit.is_empty() || unit == "1" { String::new() } else { format!("\u{a0}{unit}") }
}

/// A number and its unit.
pub fn with_unit(number: String, unit: &str) -> String {
    if unit.is_empty() { number } else { format!("{number} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_identifiers_are_shortened() {
        assert_eq!(short("0123456789abcdef"), "0123456789abcdef");
        assert_eq!(short("0123456789abcdef0"), "01234567…bcdef0");
        // No character is cut in two.
        assert_eq!(short("äöüäöüäöüäöü"), "äöüä…äöü");
        let id = "ab".repeat(32);
        assert_eq!(shortened(&format!("expected {id}, got 12")), "expected abababab…ababab, got 12");
        assert_eq!(shortened("nothing long"), "nothing long");
    }

    #[test]
    fn errors_become_sentences() {
        assert_eq!(sentence(&"the amount is zero"), "The amount is zero.");
        assert_eq!(sentence(&"done."), "Done.");
        assert_eq!(sentence(&""), "");
    }

    #[test]
    fn units_stand_behind_numbers() {
        assert_eq!((unit_text("h").as_str(), unit_text("1").as_str(), unit_text("").as_str()), ("\u{a0}h", "", ""));
        assert_eq!(with_unit("3".into(), "h"), "3 h");
        assert_eq!(with_unit("3".into(), ""), "3");
        assert_eq!(title("redemption_hours"), "redemption hours");
    }
}
