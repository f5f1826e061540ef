//! Numbers, sizes, times: how they are written.

/// The two ways to write a number. Neither depends on the language of the browser, so a screenshot means the same
/// everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Numbers {
    /// `1,234.5`
    #[default]
    Comma,
    /// `1 234.5`, with thin spaces, as the SI brochure wants it.
    Space,
}

impl Numbers {
    /// The name under which the choice is stored.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Comma => "comma",
            Self::Space => "space",
        }
    }

    /// The choice with this name.
    pub(crate) fn from_key(key: &str) -> Self {
        if key == "space" { Self::Space } else { Self::Comma }
    }

    /// With a fixed number of decimals.
    pub(crate) fn fixed(self, value: f64, decimals: usize) -> String {
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
    pub(crate) fn exact(self, text: &str) -> String {
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
    pub(crate) fn auto(self, value: f64) -> String {
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
    pub(crate) fn count(self, value: u64) -> String {
        self.fixed(value as f64, 0)
    }

    /// A share, as per cent.
    pub(crate) fn percent(self, share: f64) -> String {
        format!("{}\u{a0}%", self.fixed(share * 100.0, 1))
    }

    /// A duration given in milliseconds.
    pub(crate) fn ms(self, value: f64) -> String {
        match value {
            v if v >= 60_000.0 => format!("{}\u{a0}min", self.fixed(v / 60_000.0, 1)),
            v if v >= 1000.0 => format!("{}\u{a0}s", self.fixed(v / 1000.0, 2)),
            v if v >= 100.0 => format!("{}\u{a0}ms", self.fixed(v, 0)),
            v if v >= 10.0 => format!("{}\u{a0}ms", self.fixed(v, 1)),
            v => format!("{}\u{a0}ms", self.fixed(v, 2)),
        }
    }

    /// A size in bytes, with decimal prefixes.
    pub(crate) fn bytes(self, value: u64) -> String {
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

/// A moment as `2026-11-23 22:15:03`, in the time zone of the browser.
pub(crate) fn moment(unix_ms: f64) -> String {
    let date = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(unix_ms));
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        date.get_full_year(),
        date.get_month() + 1,
        date.get_date(),
        date.get_hours(),
        date.get_minutes(),
        date.get_seconds()
    )
}

/// The time of day of a moment, `22:15:03`.
pub(crate) fn clock(unix_ms: f64) -> String {
    moment(unix_ms).split_off(11)
}

/// A duration in words, coarse: `4 min ago`.
pub(crate) fn ago(numbers: Numbers, ms: f64) -> String {
    let seconds = (ms / 1000.0).max(0.0);
    match seconds {
        s if s < 2.0 => "now".into(),
        s if s < 90.0 => format!("{} s ago", numbers.fixed(s, 0)),
        s if s < 5400.0 => format!("{} min ago", numbers.fixed(s / 60.0, 0)),
        s if s < 172_800.0 => format!("{} h ago", numbers.fixed(s / 3600.0, 0)),
        s => format!("{} days ago", numbers.fixed(s / 86_400.0, 0)),
    }
}
