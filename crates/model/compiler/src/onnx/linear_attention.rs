//! CausalConvWithState, LinearAttention, SwiGLU: what replaces attention where sequences are long, step by step.

use super::{
    attributes::{Lower, Lowered, Node},
    steps::{Steps, permuted, spread},
    tensor::Tensor,
};
use crate::{
    CompileError,
    function::Function,
    graph::{Graph, ValueId},
};

pub(super) const OPS: &[(&str, Lower)] =
    &[("CausalConvWithState", causal_conv), ("LinearAttention", lower), ("SwiGLU", swiglu)];

pub(super) const LIMITS: &[(&str, &str)] = &[];

/// Two tensors, one after the other along the last axis.
fn joined(graph: &mut Graph, a: &Tensor, b: &Tensor) -> Tensor {
    let (m, n) = (a.shape[a.shape.len() - 1], b.shape[b.shape.len() - 1]);
    let rows = a.len().checked_div(m).unwrap_or_else(|| b.len() / n.max(1));
    let (x, y) = (a.ids(graph), b.ids(graph));
    let ids = (0..rows).flat_map(|r| [&x[r * m..(r + 1) * m], &y[r * n..(r + 1) * n]].concat()).collect();
    let mut shape = b.shape.clone();
    if let Some(last) = shape.last_mut() {
        *last = m + n;
    }
    Tensor::values(graph, shape, ids)
}

/// x · sigmoid(alpha · x)
fn swish(steps: &mut Steps<'_>, step: &str, x: &Tensor, alpha: f64) -> Tensor {
    steps.apply(step, Function::Swish(alpha), x)
}

/// A convolution of each channel with the past, and what the next one needs of it.
fn causal_conv(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (x, w) = (node.float_input(0)?, node.float_input(1)?);
    let (&[batch, channels, length], &[wc, 1, k]) = (x.shape.as_slice(), w.shape.as_slice()) else {
        return Err(node.error(format!("a kernel of shape {:?} does not fit {:?}", w.shape, x.shape)));
    };
    if wc != channels || k == 0 || x.len() == 0 {
        return Err(node.error(format!("a kernel of shape {:?} does not fit {:?}", w.shape, x.shape)));
    }
    let shape = vec![batch, channels, k - 1];
    let len = node.checked_len(&shape)?;
    let past = match node.optional(3) {
        Some(t) if t.shape == shape => t.clone(),
        Some(t) => return Err(node.error(format!("a state of shape {:?}, expected {shape:?}", t.shape))),
        None => Tensor::floats(shape.clone(), vec![0.0; len]),
    };
    let padded = joined(graph, &past, x);
    let total = length + k - 1;
    let state: Vec<usize> =
        (0..batch * channels).flat_map(|r| (total - (k - 1)..total).map(move |i| r * total + i)).collect();
    let state = padded.pick(shape, &state);
    let n = batch * channels * length;
    node.checked_len(&[n, k])?;
    let ids = padded.ids(graph);
    let left: Vec<ValueId> =
        (0..n).flat_map(|i| (0..k).map(move |j| i / length * total + i % length + j)).map(|i| ids[i]).collect();
    let activation = node.string("activation", "none")?;
    let mut steps = Steps::new(node, graph);
    let conv = if let Some(weights) = w.constants() {
        // One matrix a channel.
        let site = steps.site("conv", "Conv", &x.shape, false);
        let mut out = vec![left[0]; n];
        for c in 0..channels {
            let matrix = steps.graph.matrix(site, k, weights[c * k..(c + 1) * k].to_vec(), vec![0.0]);
            let places: Vec<usize> = (0..n).filter(|i| i / length % channels == c).collect();
            let own = places.iter().flat_map(|&i| left[i * k..(i + 1) * k].iter().copied()).collect();
            let y = steps.graph.linear(matrix, 1, own);
            places.iter().zip(y).for_each(|(&i, v)| out[i] = v);
        }
        out
    } else {
        let kernel = w.ids(steps.graph);
        let right: Vec<ValueId> =
            (0..n).map(|i| i / length % channels).flat_map(|c| kernel[c * k..(c + 1) * k].iter().copied()).collect();
        steps.dots("conv", "Conv", &left, &right, k, 1.0)
    };
    let mut y = Tensor::values(steps.graph, x.shape.clone(), conv);
    if let Some(bias) = node.optional(2) {
        if bias.len() != channels {
            return Err(node.error(format!("the bias has {} elements, expected {channels}", bias.len())));
        }
        y = steps.add("bias", &y, 1.0, &bias.reshaped(vec![channels, 1]))?;
    }
    let y = match activation.as_str() {
        "none" => y,
        "silu" | "swish" => swish(&mut steps, "", &y, 1.0),
        other => return Err(node.error(format!("activation=`{other}` is unknown"))),
    };
    Ok(vec![y, state])
}

fn swiglu(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (a, b) = (node.float_input(0)?, node.float_input(1)?);
    if a.shape != b.shape {
        return Err(node.error(format!("shapes {:?} and {:?} differ", a.shape, b.shape)));
    }
    let alpha = node.float("alpha", 1.0)?;
    let mut steps = Steps::new(node, graph);
    let gate = swish(&mut steps, "gate", a, alpha);
    Ok(vec![steps.mul("", &gate, b)?])
}

/// An operand \[batch, length, heads · size\] as \[batch, heads, length, size\].
fn heads_of(node: &Node<'_>, i: usize, heads: usize) -> Result<Tensor, CompileError> {
    let t = node.float_input(i)?;
    match *t.shape.as_slice() {
        [b, n, hidden] if heads > 0 && hidden.is_multiple_of(heads) => {
            Ok(permuted(&t.reshaped(vec![b, n, heads, hidden / heads]), &[0, 2, 1, 3]))
        }
        _ => Err(node.error(format!("operand {i} of shape {:?} is not made of {heads} heads", t.shape))),
    }
}

/// Step `t` of \[batch, heads, length, size\].
fn at_step(x: &Tensor, t: usize) -> Tensor {
    let (b, h, n, d) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3]);
    let pick: Vec<usize> = (0..b * h * d).map(|i| (i / d * n + t) * d + i % d).collect();
    x.pick(vec![b, h, d], &pick)
}

fn lower(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let count = |name: &str| usize::try_from(node.int(name, 0)?).map_err(|_| node.error(format!("{name} is negative")));
    let (heads, shared) = (count("q_num_heads")?, count("kv_num_heads")?);
    let (q, k, v) = (heads_of(node, 0, heads)?, heads_of(node, 1, shared)?, heads_of(node, 2, shared)?);
    let (batch, length, dk, dv) = (q.shape[0], q.shape[2], q.shape[3], v.shape[3]);
    let fits = k.shape == [batch, shared, length, dk] && v.shape == [batch, shared, length, dv];
    if !fits || !heads.is_multiple_of(shared) || q.len() == 0 || v.len() == 0 {
        return Err(node.error(format!("Q {:?}, K {:?} and V {:?} do not fit", q.shape, k.shape, v.shape)));
    }
    node.checked_len(&[batch, heads, length, dk, dv])?;
    let rule = node.string("update_rule", "gated_delta")?;
    let (gated, delta) = match rule.as_str() {
        "linear" => (false, false),
        "gated" => (true, false),
        "delta" => (false, true),
        "gated_delta" => (true, true),
        other => return Err(node.error(format!("update_rule=`{other}` is unknown"))),
    };
    let scale = match node.float("scale", 0.0)? {
        0.0 => 1.0 / (dk as f64).sqrt(),
        scale => scale,
    };
    let mut steps = Steps::new(node, graph);
    let decay = if gated {
        let columns = node.float_input(4)?.shape.last().copied().unwrap_or(0);
        let t = heads_of(node, 4, shared)?;
        if t.shape[..3] != [batch, shared, length] || columns != shared && columns != shared * dk {
            return Err(node.error("the decay does not fit"));
        }
        let factor = steps.apply("decay", Function::Exp, &t);
        Some(spread(&factor, &[batch, shared, length, dk]))
    } else {
        None
    };
    let beta = if delta {
        let t = node.float_input(5)?;
        let columns = t.shape.last().copied().unwrap_or(0);
        let own = heads_of(node, 5, columns.max(1))?;
        if own.shape[0] != batch || own.shape[2] != length || columns != shared && columns != 1 {
            return Err(node.error("beta does not fit"));
        }
        Some(spread(&own, &[batch, shared, length, 1]))
    } else {
        None
    };
    let mut state = match node.optional(3) {
        Some(t) if t.shape == [batch, shared, dk, dv] => t.clone(),
        Some(t) => return Err(node.error(format!("a state of shape {:?} does not fit", t.shape))),
        None => Tensor::floats(vec![batch, shared, dk, dv], vec![0.0; batch * shared * dk * dv]),
    };
    // For each item and head, the columns of the state, against a vector for each.
    let against = |steps: &mut Steps<'_>, name: &str, state: &Tensor, x: &Tensor, group: usize, factor: f64| {
        let (s, x) = (state.ids(steps.graph), x.ids(steps.graph));
        let rows = x.len() / dk;
        let (mut left, mut right) = (Vec::with_capacity(rows * dv * dk), Vec::with_capacity(rows * dv * dk));
        for r in 0..rows {
            let own = r / group * dk * dv;
            for m in 0..dv {
                left.extend_from_slice(&x[r * dk..(r + 1) * dk]);
                right.extend((0..dk).map(|d| s[own + d * dv + m]));
            }
        }
        steps.dots(name, "MatMul", &left, &right, dk, factor)
    };
    let mut out: Vec<Tensor> = Vec::with_capacity(length);
    for t in 0..length {
        let (q, k, mut v) = (at_step(&q, t), at_step(&k, t), at_step(&v, t));
        if let Some(decay) = &decay {
            let factor = at_step(decay, t).reshaped(vec![batch, shared, dk, 1]);
            state = steps.mul(&format!("decayed{t}"), &state, &factor)?;
        }
        if let Some(beta) = &beta {
            let held = against(&mut steps, &format!("retrieved{t}"), &state, &k, 1, 1.0);
            let held = Tensor::values(steps.graph, v.shape.clone(), held);
            let difference = steps.add(&format!("difference{t}"), &v, -1.0, &held)?;
            v = steps.mul(&format!("correction{t}"), &difference, &at_step(beta, t))?;
        }
        let written = steps.mul(
            &format!("written{t}"),
            &k.reshaped(vec![batch, shared, dk, 1]),
            &v.reshaped(vec![batch, shared, 1, dv]),
        )?;
        state = steps.add(&format!("state{t}"), &state, 1.0, &written)?;
        let read = against(&mut steps, &format!("read{t}"), &state, &q, heads / shared, scale);
        out.push(Tensor::values(steps.graph, vec![batch, heads, dv], read));
    }
    let lists: Vec<Vec<ValueId>> = out.iter().map(|t| t.ids(steps.graph)).collect();
    let place = |b: usize, t: usize| &lists[t][b * heads * dv..(b + 1) * heads * dv];
    let ids =
        (0..batch).flat_map(|b| (0..length).map(move |t| (b, t))).flat_map(|(b, t)| place(b, t).to_vec()).collect();
    Ok(vec![Tensor::values(steps.graph, vec![batch, length, heads * dv], ids), state])
}
