//! Numbers, sizes, times: how they are written.

/// The two ways to write a number. Neither depends on the language of the browser, so a screenshot means the same
/// everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Numbers {
    /// `1,234.5`
    #[default]
    Comma,
    /// `1 234.5`, with thin spaces, as the SI brochure wants it.
    Space,
}

impl Numbers {
    /// The name under which the choice is stored.
    pub fn key(self) -> &'static str {
        match self {
            Self::Comma => "comma",
            Self::Space => "space",
        }
    }

    /// The choice with this name.
    pub fn from_key(key: &str) -> Self {
        if key == "space" { Self::Space } else { Self::Comma }
    }

    /// With a fixed number of decimals.
    pub fn fixed(self, value: f64, decimals: usize) -> String {
        if !value.is_finite() {
            return "not a number".into();
        }
        let text = format!("{:.decimals$}", value.abs());
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let is_zero = text.bytes().all(|byte| byte == b'0' || byte == b'.');
        let mut out = String::new();
        if value < 0.0 && !is_zero {
            out.push('\u{2212}');
        }
        self.group(whole, &mut out);
        if !fraction.is_empty() {
            out.push('.');
            out.push_str(fraction);
        }
        out
    }

    /// A decimal number that is exact text, as `1234.5`.
    pub fn exact(self, text: &str) -> String {
        let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
        let mut out = String::new();
        self.group(whole, &mut out);
        if let Some(fraction) = fraction {
            out.push('.');
            out.push_str(fraction);
        }
        out
    }

    /// Digits, in groups of three.
    fn group(self, whole: &str, out: &mut String) {
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place).is_multiple_of(3) {
                out.push(match self {
                    Self::Comma => ',',
                    Self::Space => '\u{202f}',
                });
            }
            out.push(digit);
        }
    }

    /// With as many decimals as keep about four significant digits, without zeros at the end.
    pub fn auto(self, value: f64) -> String {
        let size = value.abs();
        if size != 0.0 && size < 1e-4 {
            return self.scientific(value);
        }
        let text = self.fixed(value, decimals_for(size));
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    }

    /// `1.2 × 10⁻⁵`
    fn scientific(self, value: f64) -> String {
        let exponent = value.abs().log10().floor();
        let mantissa = value / 10f64.powf(exponent);
        let digits: String = format!("{exponent}")
            .chars()
            .map(|digit| match digit {
                '-' => '⁻',
                '0' => '⁰',
                '1' => '¹',
                '2' => '²',
                '3' => '³',
                other => char::from_u32(0x2070 + other.to_digit(10).unwrap_or(0)).unwrap_or(other),
            })
            .collect();
        format!("{} × 10{digits}", self.fixed(mantissa, 1))
    }

    /// A count.
    pub fn count(self, value: u64) -> String {
        self.fixed(value as f64, 0)
    }

    /// A share, as per cent.
    pub fn percent(self, share: f64) -> String {
        format!("{}\u{a0}%", self.fixed(share * 100.0, 1))
    }

    /// A duration given in milliseconds.
    pub fn ms(self, value: f64) -> String {
        match value {
            v if v >= 60_000.0 => format!("{}\u{a0}min", self.fixed(v / 60_000.0, 1)),
            v if v >= 1000.0 => format!("{}\u{a0}s", self.fixed(v / 1000.0, 2)),
            v if v >= 100.0 => format!("{}\u{a0}ms", self.fixed(v, 0)),
            v if v >= 10.0 => format!("{}\u{a0}ms", self.fixed(v, 1)),
            v => format!("{}\u{a0}ms", self.fixed(v, 2)),
        }
    }

    /// A size in bytes, with decimal prefixes.
    pub fn bytes(self, value: u64) -> String {
        match value {
            v if v >= 1_000_000 => format!("{}\u{a0}MB", self.fixed(v as f64 / 1e6, 1)),
            v if v >= 10_000 => format!("{}\u{a0}kB", self.fixed(v as f64 / 1e3, 1)),
            v => format!("{}\u{a0}B", self.count(v)),
        }
    }
}

fn decimals_for(size: f64) -> usize {
    match size {
        0.0 => 0,
        s if s >= 1000.0 => 0,
        s if s >= 100.0 => 1,
        s if s >= 10.0 => 2,
        s if s >= 0.1 => 3,
        s if s >= 0.01 => 4,
        _ => 5,
    }
}

/// A duration in words, coarse: `4 min ago`.
pub fn ago(numbers: Numbers, ms: f64) -> String {
    let seconds = (ms / 1000.0).max(0.0);
    match seconds {
        s if s < 2.0 => "now".into(),
        s if s < 90.0 => format!("{} s ago", numbers.fixed(s, 0)),
        s if s < 5400.0 => format!("{} min ago", numbers.fixed(s / 60.0, 0)),
        s if s < 172_800.0 => format!("{} h ago", numbers.fixed(s / 3600.0, 0)),
        s => format!("{} days ago", numbers.fixed(s / 86_400.0, 0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMA: Numbers = Numbers::Comma;
    const SPACE: Numbers = Numbers::Space;

    #[test]
    fn digits_are_grouped() {
        for (value, decimals, comma, space) in [
            (0.0, 0, "0", "0"),
            (999.0, 0, "999", "999"),
            (1000.0, 0, "1,000", "1\u{202f}000"),
            (1_234_567.891, 2, "1,234,567.89", "1\u{202f}234\u{202f}567.89"),
            (-1234.5, 1, "\u{2212}1,234.5", "\u{2212}1\u{202f}234.5"),
        ] {
            assert_eq!((COMMA.fixed(value, decimals), SPACE.fixed(value, decimals)), (comma.into(), space.into()));
        }
        assert_eq!((COMMA.exact("1234567.000100"), SPACE.exact("12")), ("1,234,567.000100".into(), "12".into()));
        assert_eq!(COMMA.count(12_345), "12,345");
        for choice in [COMMA, SPACE] {
            assert_eq!(Numbers::from_key(choice.key()), choice);
        }
        assert_eq!(Numbers::from_key("another"), COMMA);
    }

    #[test]
    fn zero_has_no_sign_and_what_is_not_a_number_is_named() {
        assert_eq!(COMMA.fixed(-0.001, 2), "0.00");
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(COMMA.fixed(value, 1), "not a number");
        }
    }

    #[test]
    fn about_four_digits_are_kept() {
        for (value, text) in [
            (0.0, "0"),
            (12_345.6, "12,346"),
            (123.456, "123.5"),
            (12.3, "12.3"),
            (1.0, "1"),
            (0.123_456, "0.123"),
            (0.012_345, "0.0123"),
            (0.000_123_4, "0.00012"),
            (0.000_012, "1.2 × 10⁻⁵"),
            (-4.6e-9, "\u{2212}4.6 × 10⁻⁹"),
        ] {
            assert_eq!(COMMA.auto(value), text);
        }
    }

    #[test]
    fn units_follow_the_size() {
        for (ms, text) in [
            (0.5, "0.50\u{a0}ms"),
            (12.34, "12.3\u{a0}ms"),
            (123.4, "123\u{a0}ms"),
            (1234.0, "1.23\u{a0}s"),
            (90_000.0, "1.5\u{a0}min"),
        ] {
            assert_eq!(COMMA.ms(ms), text);
        }
        for (bytes, text) in [(9_999, "9,999\u{a0}B"), (12_345, "12.3\u{a0}kB"), (3_600_000, "3.6\u{a0}MB")] {
            assert_eq!(COMMA.bytes(bytes), text);
        }
        assert_eq!(COMMA.percent(0.1234), "12.3\u{a0}%");
        for (ms, text) in [
            (-5.0, "now"),
            (1999.0, "now"),
            (60_000.0, "60 s ago"),
            (600_000.0, "10 min ago"),
            (7_200_000.0, "2 h ago"),
            (259_200_000.0, "3 days ago"),
        ] {
            assert_eq!(ago(COMMA, ms), text);
        }
    }
}
