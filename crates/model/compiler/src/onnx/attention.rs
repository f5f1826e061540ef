//! Attention: softmax(scale · Q·Kᵀ + bias) · V, with heads in groups, causal and windowed masks, caches and padding.
//!
//! A key that a constant mask forbids is left out of its row. One that a computed mask may forbid has a bit, and weighs
//! bit · e^(bit · (score − least) − greatest), which needs no infinity; a row without any key is zero.

use std::collections::BTreeMap;

use super::{
    attributes::{Lower, Lowered, Node},
    steps::{Steps, permuted, spread},
    tensor::{Kind, Tensor},
};
use crate::{
    CompileError,
    function::Function,
    graph::{Graph, Term, ValueId},
};

pub(super) const OPS: &[(&str, Lower)] = &[("Attention", lower), ("ai.onnx.preview:FlexAttention", flexible)];

pub(super) const LIMITS: &[(&str, &str)] = &[
    ("Attention", "no output of scores with bias where a mask forbids keys"),
    ("ai.onnx.preview:FlexAttention", "without functions of scores and probabilities"),
];

/// Whether a query may attend a key.
#[derive(Clone, Copy, PartialEq)]
enum Allowed {
    Never,
    Always,
    /// Where this value is 1; it is 0 elsewhere.
    Bit(ValueId),
}

/// Sizes: batch, heads of queries and of keys, queries, keys, size of a head, size of a head's values.
struct Sizes {
    batch: usize,
    heads: usize,
    shared: usize,
    queries: usize,
    keys: usize,
    size: usize,
    values: usize,
}

/// What a mask says, for all (batch, head, query, key) in order.
struct Mask {
    allowed: Vec<Allowed>,
    /// Added to the scores.
    bias: Option<Tensor>,
}

/// An operand as \[batch, heads, length, size\].
fn by_heads(node: &Node<'_>, i: usize, heads: Option<usize>) -> Result<Tensor, CompileError> {
    let t = node.float_input(i)?;
    match (t.shape.as_slice(), heads) {
        (&[_, _, _, _], _) => Ok(t.clone()),
        (&[b, n, hidden], Some(heads)) if heads > 0 && hidden.is_multiple_of(heads) => {
            Ok(permuted(&t.reshaped(vec![b, n, heads, hidden / heads]), &[0, 2, 1, 3]))
        }
        _ => Err(node.error(format!("operand {i} of shape {:?} is not made of heads", t.shape))),
    }
}

/// The cache, then the new keys or values.
fn with_past(node: &Node<'_>, i: usize, t: Tensor, graph: &mut Graph) -> Result<(Tensor, usize), CompileError> {
    let Some(past) = node.optional(i) else { return Ok((t, 0)) };
    let (&[b, h, n, d], &[pb, ph, pn, pd]) = (t.shape.as_slice(), past.shape.as_slice()) else {
        return Err(node.error(format!("a cache of shape {:?} does not fit {:?}", past.shape, t.shape)));
    };
    if [b, h, d] != [pb, ph, pd] {
        return Err(node.error(format!("a cache of shape {:?} does not fit {:?}", past.shape, t.shape)));
    }
    let shape = vec![b, h, pn + n, d];
    node.checked_len(&shape)?;
    let (old, new) = (past.ids(graph), t.ids(graph));
    let ids = (0..b * h).flat_map(|i| [&old[i * pn * d..(i + 1) * pn * d], &new[i * n * d..(i + 1) * n * d]].concat());
    let ids = ids.collect();
    Ok((Tensor::values(graph, shape, ids), pn))
}

/// Attention without masks and caches, whose scores and probabilities may be changed by graphs of the model.
fn flexible(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    if node.has("score_mod") || node.has("prob_mod") {
        return Err(node.error("functions of scores and probabilities are not supported"));
    }
    let mut results = lower(node, graph)?;
    results.truncate(1);
    Ok(results)
}

fn lower(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let heads = |name: &str| -> Result<Option<usize>, CompileError> {
        Ok(if node.has(name) { usize::try_from(node.int(name, 0)?).ok() } else { None })
    };
    let (q_heads, kv_heads) = (heads("q_num_heads")?, heads("kv_num_heads")?);
    let flat = node.float_input(0)?.shape.len() == 3;
    let q = by_heads(node, 0, q_heads)?;
    let (k, past) = with_past(node, 4, by_heads(node, 1, kv_heads)?, graph)?;
    let (v, past_values) = with_past(node, 5, by_heads(node, 2, kv_heads)?, graph)?;
    let s = Sizes {
        batch: q.shape[0],
        heads: q.shape[1],
        shared: k.shape[1],
        queries: q.shape[2],
        keys: k.shape[2],
        size: q.shape[3],
        values: v.shape[3],
    };
    let fits = k.shape == [s.batch, s.shared, s.keys, s.size]
        && v.shape == [s.batch, s.shared, s.keys, s.values]
        && s.shared > 0
        && s.heads.is_multiple_of(s.shared)
        && past == past_values
        && q.len() > 0
        && k.len() > 0
        && v.len() > 0;
    if !fits {
        return Err(node.error(format!("Q {:?}, K {:?} and V {:?} do not fit", q.shape, k.shape, v.shape)));
    }
    let rows = s.batch * s.heads * s.queries;
    node.checked_len(&[rows, s.keys, s.size.max(s.values)])?;
    let scale = if node.has("scale") { node.float("scale", 1.0)? } else { 1.0 / (s.size as f64).sqrt() };
    let softcap = node.float("softcap", 0.0)?;
    let mode = node.int("qk_matmul_output_mode", 0)?;
    let mask = mask(node, graph, &s, past)?;
    let mut steps = Steps::new(node, graph);
    let shape = vec![s.batch, s.heads, s.queries, s.keys];
    let group = s.heads / s.shared;
    // The head of keys and values that a row uses.
    let source = |row: usize| {
        let (b, h) = (row / (s.heads * s.queries), row / s.queries % s.heads);
        b * s.shared + h / group
    };
    let (qi, ki) = (q.ids(steps.graph), k.ids(steps.graph));
    let mut left: Vec<ValueId> = Vec::with_capacity(rows * s.keys * s.size);
    let mut right = Vec::with_capacity(rows * s.keys * s.size);
    for row in 0..rows {
        let start = source(row) * s.keys * s.size;
        left.extend(qi[row * s.size..(row + 1) * s.size].repeat(s.keys));
        right.extend_from_slice(&ki[start..start + s.keys * s.size]);
    }
    let raw = steps.dots("scores", "MatMul", &left, &right, s.size, scale);
    let raw = Tensor::values(steps.graph, shape.clone(), raw);
    let capped = if softcap > 0.0 {
        let small = steps.line("capped.argument", &raw, 1.0 / softcap, 0.0);
        let bent = steps.apply("capped.tanh", Function::Tanh, &small);
        steps.line("capped", &bent, softcap, 0.0)
    } else {
        raw.clone()
    };
    let biased = match &mask.bias {
        Some(bias) => steps.add("biased", &capped, 1.0, bias)?,
        None => capped.clone(),
    };
    let weights = softmax(&mut steps, &biased, &mask.allowed, s.keys)?;
    let weights = Tensor::values(steps.graph, shape, weights);
    let (pi, vi) = (weights.ids(steps.graph), v.ids(steps.graph));
    let mut left: Vec<ValueId> = Vec::with_capacity(rows * s.keys * s.values);
    let mut right = Vec::with_capacity(rows * s.keys * s.values);
    for row in 0..rows {
        let start = source(row) * s.keys * s.values;
        left.extend(pi[row * s.keys..(row + 1) * s.keys].repeat(s.values));
        right.extend((0..s.values).flat_map(|d| (0..s.keys).map(move |j| start + j * s.values + d)).map(|i| vi[i]));
    }
    let y = steps.dots("", "MatMul", &left, &right, s.keys, 1.0);
    let mut y = Tensor::values(steps.graph, vec![s.batch, s.heads, s.queries, s.values], y);
    if flat {
        y = permuted(&y, &[0, 2, 1, 3]).reshaped(vec![s.batch, s.queries, s.heads * s.values]);
    }
    let shown = match mode {
        0 => raw,
        1 => capped,
        2 if node.wants(3) && mask.allowed.iter().any(|a| *a != Allowed::Always) => {
            return Err(node.error("the scores of masked keys are −∞, which an output cannot be"));
        }
        2 => biased,
        3 => weights,
        other => return Err(node.error(format!("qk_matmul_output_mode={other} is unknown"))),
    };
    Ok(vec![y, k, v, shown])
}

/// The bits of several conditions that must all hold.
fn all(steps: &mut Steps<'_>, conditions: Vec<Vec<Allowed>>) -> Vec<Allowed> {
    let mut conditions = conditions.into_iter();
    let mut current = conditions.next().unwrap_or_default();
    for (step, next) in conditions.enumerate() {
        let mut pairs: BTreeMap<(ValueId, ValueId), Vec<usize>> = BTreeMap::new();
        for (i, (c, n)) in current.iter_mut().zip(next).enumerate() {
            *c = match (*c, n) {
                (Allowed::Never, _) | (_, Allowed::Never) => Allowed::Never,
                (Allowed::Always, other) | (other, Allowed::Always) => other,
                (Allowed::Bit(a), Allowed::Bit(b)) => {
                    pairs.entry((a, b)).or_default().push(i);
                    Allowed::Bit(a)
                }
            };
        }
        if pairs.is_empty() {
            continue;
        }
        let site = steps.site(&format!("mask{step}"), "And", &[pairs.len()], true);
        let (a, b) = pairs.keys().copied().unzip();
        let both = steps.graph.product(site, vec![Term { factor: 1.0, a, b }]);
        for (places, v) in pairs.into_values().zip(both) {
            places.into_iter().for_each(|i| current[i] = Allowed::Bit(v));
        }
    }
    current
}

fn mask(node: &Node<'_>, graph: &mut Graph, s: &Sizes, past: usize) -> Result<Mask, CompileError> {
    let shape = [s.batch, s.heads, s.queries, s.keys];
    let len = node.checked_len(&shape)?;
    let at = |i: usize| {
        let (key, query) = (i % s.keys, i / s.keys % s.queries);
        (i / (s.heads * s.queries * s.keys), query as i64, key as i64)
    };
    let causal = node.int("is_causal", 0)? != 0;
    let (before, after) = (node.int("left_window_size", -1)?, node.int("right_window_size", -1)?);
    let mut steps = Steps::new(node, graph);
    let mut conditions = vec![vec![Allowed::Always; len]];
    let mut bias = None;
    // The distance from a query's position to a key's, and what it may be.
    let limits: Vec<(i64, i64)> = [(causal, (0, 1)), (before >= 0, (before, -1)), (after >= 0, (after, 1))]
        .into_iter()
        .filter_map(|(on, limit)| on.then_some(limit))
        .collect();
    match node.optional(6) {
        None => {
            for &(limit, sign) in &limits {
                let fits = |i: usize| {
                    let (_, query, key) = at(i);
                    if sign * (key - query - past as i64) <= limit { Allowed::Always } else { Allowed::Never }
                };
                conditions.push((0..len).map(fits).collect());
            }
        }
        Some(lengths) => {
            if lengths.kind != Kind::Int || lengths.len() != s.batch || past > 0 {
                return Err(node.error("nonpad_kv_seqlen is not one integer for each item of the batch"));
            }
            // Key j is there if length ≥ j + 1; a limit on sign · (j − i − length + queries) is one on the length.
            let there = |i: usize| (at(i).0, 1, at(i).2 + 1);
            conditions.push(at_least(&mut steps, "length", lengths, (0..len).map(there).collect())?);
            for (n, &(limit, sign)) in limits.iter().enumerate() {
                let bound = |i: usize| {
                    let (b, query, key) = at(i);
                    (b, sign, sign * (key - query + s.queries as i64) - limit)
                };
                let bounds = (0..len).map(bound).collect();
                conditions.push(at_least(&mut steps, &format!("limit{n}"), lengths, bounds)?);
            }
        }
    }
    if let Some(given) = node.optional(3) {
        let columns = given.shape.last().copied().unwrap_or(1);
        if given.shape.len() > 4 || columns > s.keys {
            return Err(node.error(format!("a mask of shape {:?} does not fit {shape:?}", given.shape)));
        }
        // A mask that ends early forbids the rest.
        let seen = if columns == 1 && s.keys > 1 && given.shape.len() > 1 { s.keys } else { columns };
        let mut own = shape;
        own[3] = seen;
        let wide = super::tensor::broadcast(&given.shape, &own).filter(|w| *w == own);
        let wide =
            wide.ok_or_else(|| node.error(format!("a mask of shape {:?} does not fit {shape:?}", given.shape)))?;
        let wide = spread(given, &wide);
        let place = |i: usize| (i % s.keys < seen).then(|| i / s.keys * seen + i % s.keys);
        if given.kind == Kind::Float {
            let data = wide.constants();
            let fits = |i: usize| match place(i) {
                None => Allowed::Never,
                Some(p) if data.is_some_and(|d| d[p] == f64::NEG_INFINITY) => Allowed::Never,
                Some(_) => Allowed::Always,
            };
            conditions.push((0..len).map(fits).collect());
            let finite = match data {
                Some(d) => {
                    Tensor::floats(wide.shape.clone(), d.iter().map(|v| if v.is_finite() { *v } else { 0.0 }).collect())
                }
                None => wide,
            };
            let pick: Vec<Option<usize>> = (0..len).map(place).collect();
            bias = Some(steps.pick_or(&finite, shape.to_vec(), &pick, 0.0));
        } else {
            let ids = wide.ids(steps.graph);
            let bits = |i: usize| match place(i).map(|p| (ids[p], steps.graph.constant_of(ids[p]))) {
                None | Some((_, Some(0.0))) => Allowed::Never,
                Some((_, Some(_))) => Allowed::Always,
                Some((id, None)) => Allowed::Bit(id),
            };
            let bits = (0..len).map(bits).collect();
            conditions.push(bits);
        }
    }
    let allowed = all(&mut steps, conditions);
    Ok(Mask { allowed, bias })
}

/// For each (item, sign, bound), whether sign · length\[item\] ≥ bound.
fn at_least(
    steps: &mut Steps<'_>,
    name: &str,
    lengths: &Tensor,
    bounds: Vec<(usize, i64, i64)>,
) -> Result<Vec<Allowed>, CompileError> {
    if let Some(data) = lengths.constants() {
        let holds = |&(b, sign, bound): &(usize, i64, i64)| {
            if sign as f64 * data[b] >= bound as f64 { Allowed::Always } else { Allowed::Never }
        };
        return Ok(bounds.iter().map(holds).collect());
    }
    let mut different: Vec<(usize, i64, i64)> = bounds.clone();
    different.sort_unstable();
    different.dedup();
    let n = different.len();
    let ids = lengths.ids(steps.graph);
    let site = steps.site(&format!("{name}.difference"), "Sub", &[n], true);
    let x = different.iter().map(|d| ids[d.0]).collect();
    let (scale, shift) = different.iter().map(|d| (d.1 as f64, -d.2 as f64)).unzip();
    let difference = steps.graph.affine(site, x, scale, shift);
    let site = steps.site(name, "NonNegative", &[n], true);
    let bits = steps.graph.apply(site, Function::NonNegative, difference);
    let known: BTreeMap<_, _> = different.into_iter().zip(bits).collect();
    let bit = |b: &(usize, i64, i64)| match known.get(b) {
        Some(&v) => match steps.graph.constant_of(v) {
            Some(0.0) => Allowed::Never,
            Some(_) => Allowed::Always,
            None => Allowed::Bit(v),
        },
        None => Allowed::Never,
    };
    Ok(bounds.iter().map(bit).collect())
}

/// The softmax of each row of `keys` scores over the keys that are allowed; the others have zeros.
fn softmax(
    steps: &mut Steps<'_>,
    scores: &Tensor,
    allowed: &[Allowed],
    keys: usize,
) -> Result<Vec<ValueId>, CompileError> {
    let ids = scores.ids(steps.graph);
    let (zero, one) = (steps.graph.constant(0.0), steps.graph.constant(1.0));
    let mut out = vec![zero; ids.len()];
    // Rows by the number of their keys, and whether there are bits among them.
    let mut groups: BTreeMap<(usize, bool), Vec<Vec<usize>>> = BTreeMap::new();
    for (row, allowed) in allowed.chunks_exact(keys).enumerate() {
        let open: Vec<usize> = (0..keys).filter(|&j| allowed[j] != Allowed::Never).map(|j| row * keys + j).collect();
        let bits = allowed.iter().any(|a| matches!(a, Allowed::Bit(_)));
        if !open.is_empty() {
            groups.entry((open.len(), bits)).or_default().push(open);
        }
    }
    for ((n, bits), rows) in groups {
        let places: Vec<usize> = rows.concat();
        let count = rows.len();
        let name = |part: &str| format!("{part}{n}{}", if bits { "b" } else { "" });
        let x = Tensor::values(steps.graph, vec![count, n], places.iter().map(|&i| ids[i]).collect());
        let bit = |&i: &usize| match allowed[i] {
            Allowed::Bit(v) => v,
            _ => one,
        };
        if n == 1 {
            // A single key has all the weight there is.
            places.iter().for_each(|i| out[*i] = bit(i));
            continue;
        }
        let y = if bits {
            let bit = places.iter().map(bit).collect();
            let bit = Tensor::values(steps.graph, vec![count, n], bit);
            let minus = steps.line(&name("negated"), &x, -1.0, 0.0);
            let least = steps.max_last(&name("least"), &minus)?;
            let above = steps.add(&name("above"), &x, 1.0, &least)?;
            bound(steps, &above, 0.0, f64::INFINITY);
            let kept = steps.mul(&name("kept"), &bit, &above)?;
            let most = steps.max_last(&name("most"), &kept)?;
            let difference = steps.add(&name("difference"), &kept, -1.0, &most)?;
            bound(steps, &difference, f64::NEG_INFINITY, 0.0);
            let exp = steps.apply(&name("exp"), Function::Exp, &difference);
            let weights = steps.mul(&name("weights"), &bit, &exp)?;
            // A row without keys has the sum 1.
            let any = steps.max_last(&name("any"), &bit)?;
            let sum = steps.sum_last(&name("partial"), &weights, 1.0, 1.0)?;
            let sum = steps.add(&name("sum"), &sum, -1.0, &any)?;
            bound(steps, &sum, 1.0, f64::INFINITY);
            let inverse = steps.apply(&name("reciprocal"), Function::Reciprocal, &sum);
            steps.mul(&name("softmax"), &weights, &inverse)?
        } else {
            let most = steps.max_last(&name("most"), &x)?;
            let difference = steps.add(&name("difference"), &x, -1.0, &most)?;
            bound(steps, &difference, f64::NEG_INFINITY, 0.0);
            let exp = steps.apply(&name("exp"), Function::Exp, &difference);
            let sum = steps.sum_last(&name("sum"), &exp, 1.0, 0.0)?;
            bound(steps, &sum, 1.0, f64::INFINITY);
            let inverse = steps.apply(&name("reciprocal"), Function::Reciprocal, &sum);
            steps.mul(&name("softmax"), &exp, &inverse)?
        };
        bound(steps, &y, 0.0, 1.0);
        places.iter().zip(y.ids(steps.graph)).for_each(|(&i, v)| out[i] = v);
    }
    Ok(out)
}

/// Records what values are by construction.
fn bound(steps: &mut Steps<'_>, t: &Tensor, lo: f64, hi: f64) {
    let ids = t.ids(steps.graph);
    let open: Vec<ValueId> = ids.into_iter().filter(|&v| steps.graph.constant_of(v).is_none()).collect();
    if lo.is_finite() {
        steps.graph.bound_below(&open, lo);
    }
    if hi.is_finite() {
        steps.graph.bound_above(&open, hi);
    }
}
