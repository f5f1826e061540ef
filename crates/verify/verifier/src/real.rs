//! Floats in messages.

use std::fmt;

/// A float in the digits that JSON has it in: the shortest that are read as the same number. The standard library's formatter, which nothing else here needs, would be a fifteenth of the WebAssembly.
pub(crate) struct Real(pub(crate) f64);

impl fmt::Display for Real {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(zmij::Buffer::new().format(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::Real;

    #[test]
    fn numbers_are_written_as_they_are() {
        for (number, text) in
            [(0.0, "0.0"), (-1.5, "-1.5"), (f64::NAN, "NaN"), (f64::NEG_INFINITY, "-inf"), (512.0, "512.0")]
        {
            assert_eq!(Real(number).to_string(), text);
        }
    }
}
