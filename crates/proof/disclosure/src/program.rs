//! The program of a tensor.

use std::collections::BTreeMap;

use vouch_program::{Builder, Interval, Program, Requant, Segment, Term, Visibility, Wire};
use vouch_verifier::TensorSpec;

use crate::{DisclosureError, Form, MAX_WEIGHT};

/// The program that states `lo ≤ Σ weights_i·x_i ≤ hi` of a hashed input x.
///
/// Inputs: the tensor itself, hashed, with the name and bounds that it has in the model, so that the same salt gives the same hash; and in public the weights
/// and the two words ([`Form::words`]) of lo and of hi. With d = `digit_bits` and s = Σ w_i·x_i:
///
/// ```text
/// h_i = round(w_i·x_i / 2^d),   l_i = w_i·x_i − 2^d·h_i,   H = Σ h_i,   L = Σ l_i − 2^(d−1)        so s = 2^d·H + L + 2^(d−1)
/// lower:  e = H − lo_1 + round((L − lo_0) / 2^d)            = floor((s − lo) / 2^d)
/// upper:  e = hi_1 − (H + 1) + round((hi_0 − L) / 2^d)      = floor((hi − s) / 2^d)
/// ```
///
/// since round(z / 2^d) = floor((z + 2^(d−1)) / 2^d). A difference is not negative exactly if its floor is not. Each e is looked up in a table
/// whose domain are the words that are not negative: no other e has a witness. The table's value is 0, so that the output says nothing; it is private all the same.
///
/// # Errors
/// [`DisclosureError::NotHashed`], [`DisclosureError::TooLarge`].
pub fn disclosure_program(spec: &TensorSpec) -> Result<Program, DisclosureError> {
    let form = Form::of(spec)?;
    let d = form.digit_bits;
    let mut p = Program::builder(form.limb_bits);
    let [weights, lower, upper, within] = names(&spec.name);
    let x = p.input(&spec.name, &spec.shape, spec.scale, form.bounds).wires();
    p.input_unit(&spec.unit);
    let len = u32::try_from(form.values).unwrap_or(u32::MAX);
    let w = p.input(&weights, &[len], 1.0, Interval::new(-MAX_WEIGHT, MAX_WEIGHT)).wires();
    let lo = p.input(&lower, &[2], 1.0, form.word_bounds());
    let hi = p.input(&upper, &[2], 1.0, form.word_bounds());
    let one = p.constant(1);
    let half = p.constant(-(1i64 << (d - 1)));

    let ones = vec![one; x.len()];
    let product = Term { factor: 1, a: w, b: x };
    let (h, _) = p.product("high words", vec![product.clone()], Requant::rescale(d));
    let cut = Term { factor: -(1i64 << d), a: h.wires(), b: ones };
    let (l, _) = p.product("low words", vec![product, cut], Requant::exact());
    let high = sum(&mut p, "sum of high words", h.wires(), one);
    let low = sum(&mut p, "sum of low words", [l.wires(), vec![half]].concat(), one);

    let segments = vec![Segment { base: 0, slope: 0 }; 1 << (form.limb_bits - 1)];
    let table = p.table("not negative", 1.0, 0, segments);
    let not_negative = |p: &mut Builder, name: &str, highs: [Wire; 2], lows: [Wire; 2]| {
        let carry = difference(p, name, lows, one, Requant::rescale(d));
        let part = difference(p, name, highs, one, Requant::exact());
        let terms = [part, carry].map(|wire| Term { factor: 1, a: vec![wire], b: vec![one] });
        let (e, checked) = p.product(name, terms.to_vec(), Requant::table(0, table, 0));
        checked.unwrap_or(e).at(0)
    };
    let above = not_negative(&mut p, "at least the lower bound", [high, lo.at(0)], [low, lo.at(1)]);
    let next = sum(&mut p, "high word after", vec![high, one], one);
    let below = not_negative(&mut p, "at most the upper bound", [hi.at(0), next], [hi.at(1), low]);
    p.output(&within, &[2], 1.0, vec![above, below]);
    let modes = BTreeMap::from([(spec.name.clone(), Visibility::Hashed), (within, Visibility::Private)]);
    Ok(p.finish()?.with_visibility(&modes)?)
}

/// a − b, requantized.
fn difference(p: &mut Builder, name: &str, [a, b]: [Wire; 2], one: Wire, requant: Requant) -> Wire {
    let term = |factor, wire| Term { factor, a: vec![wire], b: vec![one] };
    p.product(name, vec![term(1, a), term(-1, b)], requant).0.at(0)
}

/// The sum of some wires, two by two.
fn sum(p: &mut Builder, name: &str, mut wires: Vec<Wire>, one: Wire) -> Wire {
    while wires.len() > 1 {
        let half = wires.len() / 2;
        let odd = wires.split_off(2 * half);
        let right = wires.split_off(half);
        let terms = [wires, right].map(|a| Term { factor: 1, b: vec![one; half], a });
        wires = p.product(name, terms.to_vec(), Requant::exact()).0.wires();
        wires.extend(odd);
    }
    wires.first().copied().unwrap_or(one)
}

/// Names of the program's other tensors, which are not the tensor's own.
fn names(tensor: &str) -> [String; 4] {
    ["weights", "lower", "upper", "within"]
        .map(|name| if name == tensor { format!("{name} of the statement") } else { name.to_owned() })
}
