//! Numbers that are typed into a form made from a model's schema.

use vouch_schema::TensorSpec;

use crate::numbers::Numbers;
use crate::words::with_unit;

/// Most decimals of a number that is filled in.
const MAX_DECIMALS: usize = 9;

/// The numbers among texts.
pub fn parse(texts: &[String]) -> Vec<f64> {
    texts.iter().filter_map(|text| text.trim().parse().ok()).collect()
}

/// What is wrong with the values of a tensor, in a sentence.
pub fn problem(numbers: Numbers, tensor: &TensorSpec, texts: &[String]) -> Option<String> {
    let (lo, hi) = tensor.range();
    if texts.len() != tensor.size() {
        return Some(format!("{} numbers are needed, {} are there.", tensor.size(), texts.len()));
    }
    texts.iter().enumerate().find_map(|(index, text)| {
        let place = if texts.len() > 1 { format!("Value {}", index + 1) } else { "The value".to_owned() };
        match text.trim().parse::<f64>() {
            _ if text.trim().is_empty() => Some(format!("{place} is missing.")),
            Err(_) => Some(format!("{place}, “{text}”, is not a number; decimals follow a point.")),
            Ok(value) if tensor.integer(value).is_none() => Some(format!(
                "{place} must be from {} to {}.",
                numbers.auto(lo),
                with_unit(numbers.auto(hi), &tensor.unit)
            )),
            Ok(_) => None,
        }
    })
}

/// One value of a tensor, if the text is one.
pub fn value(tensor: &TensorSpec, text: &str) -> Option<f64> {
    let value = text.trim().parse().ok()?;
    tensor.integer(value).map(|_| value)
}

/// Rounded to about a step, with at most nine decimals.
pub fn round_to(value: f64, step: f64) -> f64 {
    let decimals = (-step.log10().floor()).clamp(0.0, 9.0);
    let power = 10f64.powf(decimals);
    (value * power).round() / power
}

/// A number as one would type it: with the fewest decimals that stand for the same integer. More would only be in the
/// way, fewer would ask about another number.
pub fn typed(value: f64, tensor: &TensorSpec) -> String {
    let meant = tensor.integer(value);
    let mut texts = (0..=MAX_DECIMALS).map(|decimals| format!("{value:.decimals$}"));
    let same = |text: &String| text.parse().is_ok_and(|number| meant.is_some() && tensor.integer(number) == meant);
    texts.find(same).unwrap_or_else(|| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use vouch_schema::Visibility;

    fn tensor(size: u32) -> TensorSpec {
        let (name, unit) = ("x".to_owned(), "h".to_owned());
        TensorSpec { name, shape: vec![size], unit, scale: 16.0, min: -16, max: 32_000, visibility: Visibility::Public }
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn what_is_wrong_is_said() {
        let said = |size: u32, typed: &[&str]| problem(Numbers::Comma, &tensor(size), &texts(typed));
        assert_eq!(said(2, &["1", " 2000 "]), None);
        assert_eq!(said(2, &["1"]).unwrap(), "2 numbers are needed, 1 are there.");
        assert_eq!(said(2, &["1", " "]).unwrap(), "Value 2 is missing.");
        assert_eq!(said(1, &[""]).unwrap(), "The value is missing.");
        assert_eq!(said(1, &["1,5"]).unwrap(), "The value, “1,5”, is not a number; decimals follow a point.");
        assert_eq!(said(1, &["2001"]).unwrap(), "The value must be from \u{2212}1 to 2,000 h.");
        assert!(said(1, &["NaN"]).is_some() && said(1, &["inf"]).is_some());
    }

    #[test]
    fn numbers_are_typed_with_the_fewest_decimals() {
        let tensor = tensor(1);
        for (value, text) in [(2.0, "2"), (0.062_5, "0.06"), (0.5, "0.5"), (1.234_567, "1.23"), (1e9, "1000000000")] {
            assert_eq!(typed(value, &tensor), text);
            assert_eq!(tensor.integer(text.parse().unwrap()), tensor.integer(value));
        }
        assert_eq!(typed(f64::NAN, &tensor), "NaN");
        assert_eq!((value(&tensor, " 2.5 "), value(&tensor, "2001"), value(&tensor, "x")), (Some(2.5), None, None));
        assert_eq!((round_to(1.234_56, 0.01), round_to(1234.5, 100.0)), (1.23, 1235.0));
        assert_eq!(parse(&texts(&["1", "x", " 2 "])), [1.0, 2.0]);
    }
}
