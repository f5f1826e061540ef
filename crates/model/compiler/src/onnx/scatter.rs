//! Scatter, ScatterElements, ScatterND, TensorScatter, MaxUnpool. With constant indices elements are replaced; a computed
//! index costs a product for each element that it may reach.

use std::collections::HashSet;

use super::{
    attributes::{Lower, Lowered, Node},
    gather::flat_indices,
    one_hot::constant_indices,
    steps::Steps,
    tensor::{Kind, Tensor, strides},
    window::Window,
};
use crate::{
    CompileError,
    graph::{Graph, Term, ValueId},
};

pub(super) const OPS: &[(&str, Lower)] = &[
    ("MaxUnpool", max_unpool),
    ("Scatter", elements),
    ("ScatterElements", elements),
    ("ScatterND", nd),
    ("TensorScatter", tensor_scatter),
];

pub(super) const LIMITS: &[(&str, &str)] = &[("MaxUnpool", "the output's shape is constant")];

/// What happens to an element that an update reaches.
#[derive(Clone, Copy, PartialEq)]
enum Reduction {
    Replace,
    Add,
    Mul,
    Max,
    Min,
}

fn reduction(node: &Node<'_>) -> Result<Reduction, CompileError> {
    Ok(match node.string("reduction", "none")?.as_str() {
        "none" => Reduction::Replace,
        "add" => Reduction::Add,
        "mul" => Reduction::Mul,
        "max" => Reduction::Max,
        "min" => Reduction::Min,
        other => return Err(node.error(format!("reduction=`{other}` is unknown"))),
    })
}

/// One update: it reaches one of several elements.
struct Update {
    value: ValueId,
    /// The elements, and for each a value that is 1 if it is reached and 0 if not; `None`: it is.
    targets: Vec<(usize, Option<ValueId>)>,
}

impl Steps<'_> {
    /// a ∘ b, value by value.
    fn reduced(&mut self, step: &str, r: Reduction, a: Vec<ValueId>, b: Vec<ValueId>) -> Vec<ValueId> {
        let integer = a.iter().chain(&b).all(|&v| self.graph.is_integer(v));
        let site = self.site(step, &self.node.proto.op_type.clone(), &[a.len()], integer);
        let pairs = |a: Vec<ValueId>, b: Vec<ValueId>| a.into_iter().zip(b).flat_map(|(a, b)| [a, b]).collect();
        match r {
            Reduction::Replace => b,
            Reduction::Add => self.graph.sum(site, a, 1.0, b),
            Reduction::Mul => self.graph.product(site, vec![Term { factor: 1.0, a, b }]),
            Reduction::Max => self.graph.max(site, 2, pairs(a, b)),
            Reduction::Min => {
                let n = a.len();
                let minus = |s: &mut Self, part: &str, v: Vec<ValueId>| {
                    let site = s.site(&format!("{step}.{part}"), "Neg", &[n], integer);
                    s.graph.affine(site, v, vec![-1.0; n], vec![0.0; n])
                };
                let (a, b) = (minus(self, "left", a), minus(self, "right", b));
                let most = self.graph.max(site, 2, pairs(a, b));
                minus(self, "negated", most)
            }
        }
    }

    /// Applies updates to the elements of x, in order.
    fn update(&mut self, x: &Tensor, updates: Vec<Update>, r: Reduction) -> Tensor {
        let mut current = x.ids(self.graph);
        // Updates in a row that cannot reach the same element are one step.
        let mut step = 0;
        let mut rest = updates.into_iter().peekable();
        while rest.peek().is_some() {
            let mut touched = HashSet::new();
            let (mut at, mut values, mut hot) = (Vec::new(), Vec::new(), Vec::new());
            while let Some(u) = rest.next_if(|u| !u.targets.iter().any(|(i, _)| touched.contains(i))) {
                for (i, h) in u.targets {
                    touched.insert(i);
                    at.push(i);
                    values.push(u.value);
                    hot.push(h);
                }
            }
            if at.is_empty() {
                break;
            }
            let old: Vec<ValueId> = at.iter().map(|&i| current[i]).collect();
            let name = format!("update{step}");
            step += 1;
            let new = self.reduced(&name, r, old.clone(), values);
            let new = self.chosen(&name, old, new, &hot);
            at.iter().zip(new).for_each(|(&i, v)| current[i] = v);
        }
        Tensor::computed(self.graph, x.dtype, x.shape.clone(), current)
    }

    /// old + hot · (new − old); new where there is no choice.
    fn chosen(&mut self, name: &str, old: Vec<ValueId>, new: Vec<ValueId>, hot: &[Option<ValueId>]) -> Vec<ValueId> {
        let open: Vec<usize> = (0..hot.len()).filter(|&i| hot[i].is_some()).collect();
        if open.is_empty() {
            return new;
        }
        let pick = |list: &[ValueId]| open.iter().map(|&i| list[i]).collect::<Vec<_>>();
        let (a, b) = (pick(&old), pick(&new));
        let integer = a.iter().chain(&b).all(|&v| self.graph.is_integer(v));
        let n = open.len();
        let site = self.site(&format!("{name}.difference"), "Sub", &[n], integer);
        let difference = self.graph.sum(site, b, -1.0, a.clone());
        let site = self.site(&format!("{name}.chosen"), "Where", &[n], integer);
        let one = self.graph.constant(1.0);
        let hot: Vec<ValueId> = open.iter().filter_map(|&i| hot[i]).collect();
        let y = self
            .graph
            .product(site, vec![Term { factor: 1.0, a: hot, b: difference }, Term { factor: 1.0, a, b: vec![one; n] }]);
        for (&v, &i) in y.iter().zip(&open) {
            self.graph.among(&[v], &[old[i], new[i]]);
        }
        let mut out = new;
        open.iter().zip(y).for_each(|(&i, v)| out[i] = v);
        out
    }
}

fn three<'a>(node: &'a Node<'_>) -> Result<(&'a Tensor, &'a Tensor, &'a Tensor), CompileError> {
    let (x, at, updates) = (node.input(0)?, node.input(1)?, node.input(2)?);
    if at.kind != Kind::Int {
        return Err(node.error("indices are not integers"));
    }
    if updates.kind != x.kind {
        return Err(node.error("the updates are not of the operand's type"));
    }
    Ok((x, at, updates))
}

fn elements(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (x, at, updates) = three(node)?;
    let r = reduction(node)?;
    let rank = x.shape.len();
    let axis = node.axis(node.int("axis", 0)?, rank)?;
    let fits = at.shape == updates.shape
        && at.shape.len() == rank
        && (0..rank).all(|i| i == axis || at.shape[i] <= x.shape[i]);
    if !fits {
        return Err(node.error(format!("indices {:?} and updates {:?} do not fit", at.shape, updates.shape)));
    }
    let (own, new) = (strides(&x.shape), strides(&at.shape));
    let dim = x.shape[axis];
    let base =
        |i: usize| -> usize { (0..rank).filter(|&a| a != axis).map(|a| i / new[a] % at.shape[a] * own[a]).sum() };
    let mut steps = Steps::new(node, graph);
    let values = updates.ids(steps.graph);
    let updates: Vec<Update> = if let Some(data) = at.constants() {
        let chosen = constant_indices(node, data, dim)?;
        let target = |(i, k): (usize, usize)| vec![(base(i) + k * own[axis], None)];
        let targets = chosen.into_iter().enumerate().map(target);
        values.into_iter().zip(targets).map(|(value, targets)| Update { value, targets }).collect()
    } else {
        if dim == 0 {
            return Err(node.error("an axis without elements has no index"));
        }
        node.checked_len(&[at.len(), dim])?;
        let wrapped = steps.wrapped("index", at, dim);
        let hot = steps.one_hot("hot", &wrapped, dim)?.ids(steps.graph);
        let targets = |i: usize| (0..dim).map(|k| (base(i) + k * own[axis], Some(hot[i * dim + k]))).collect();
        values.into_iter().enumerate().map(|(i, value)| Update { value, targets: targets(i) }).collect()
    };
    Ok(vec![steps.update(x, updates, r)])
}

fn nd(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (x, at, updates) = three(node)?;
    let r = reduction(node)?;
    let q = at.shape.last().copied().unwrap_or(0);
    let lead = &at.shape[..at.shape.len().saturating_sub(1)];
    if q == 0 || q > x.shape.len() || [lead, &x.shape[q..]].concat() != updates.shape {
        return Err(node.error(format!("indices {:?} and updates {:?} do not fit", at.shape, updates.shape)));
    }
    let inner: usize = x.shape[q..].iter().product();
    let table: usize = x.shape[..q].iter().product();
    let flat = flat_indices(node, graph, at, &x.shape[..q])?;
    let mut steps = Steps::new(node, graph);
    let values = updates.ids(steps.graph);
    let updates: Vec<Update> = if let Some(data) = flat.constants() {
        let target = |i: usize| data[i / inner] as usize * inner + i % inner;
        values.into_iter().enumerate().map(|(i, value)| Update { value, targets: vec![(target(i), None)] }).collect()
    } else {
        node.checked_len(&[values.len(), table])?;
        let hot = steps.one_hot("hot", &flat, table)?.ids(steps.graph);
        let targets =
            |i: usize| (0..table).map(|k| (k * inner + i % inner, Some(hot[i / inner * table + k]))).collect();
        values.into_iter().enumerate().map(|(i, value)| Update { value, targets: targets(i) }).collect()
    };
    Ok(vec![steps.update(x, updates, r)])
}

/// Writes `update` into a cache, for each item of the batch from an index on.
fn tensor_scatter(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (x, update) = (node.input(0)?, node.input(1)?);
    let rank = x.shape.len();
    let axis = node.axis(node.int("axis", -2)?, rank)?;
    let circular = match node.string("mode", "linear")?.as_str() {
        "linear" => false,
        "circular" => true,
        other => return Err(node.error(format!("mode=`{other}` is unknown"))),
    };
    let fits = update.shape.len() == rank
        && (0..rank).all(|i| update.shape[i] == x.shape[i] || i == axis && update.shape[i] <= x.shape[i]);
    if !fits || axis == 0 || update.kind != x.kind {
        return Err(node.error(format!("an update of shape {:?} does not fit {:?}", update.shape, x.shape)));
    }
    let (batch, dim, count) = (x.shape[0], x.shape[axis], update.shape[axis]);
    let starts = match node.optional(2) {
        Some(t) if t.kind == Kind::Int && t.len() == batch => t.clone(),
        Some(_) => return Err(node.error("the indices are not one integer for each item of the batch")),
        None => Tensor::constant(Kind::Int, vec![batch], vec![0.0; batch]),
    };
    if x.len() == 0 || update.len() == 0 {
        return Ok(vec![x.clone()]);
    }
    let (own, new) = (strides(&x.shape), strides(&update.shape));
    let mut steps = Steps::new(node, graph);
    let values = update.ids(steps.graph);
    let wrap = |start: usize, i: usize| if circular { (start + i) % dim } else { start + i };
    let of = |place: usize| {
        let base: usize = (0..rank).filter(|&a| a != axis).map(|a| place / new[a] % update.shape[a] * own[a]).sum();
        (place / new[0], place / new[axis] % count, base)
    };
    let mut updates = Vec::with_capacity(values.len());
    if let Some(data) = starts.constants() {
        let chosen = constant_indices(node, data, dim)?;
        for (place, value) in values.into_iter().enumerate() {
            let (b, i, base) = of(place);
            let at = wrap(chosen[b], i);
            if at >= dim {
                return Err(node.error("the update reaches beyond the cache"));
            }
            updates.push(Update { value, targets: vec![(base + at * own[axis], None)] });
        }
    } else {
        node.checked_len(&[values.len(), dim])?;
        // A linear update starts where it fits.
        let room = if circular { dim } else { dim - count + 1 };
        let wrapped = steps.wrapped("index", &starts, room);
        let hot = steps.one_hot("hot", &wrapped, room)?.ids(steps.graph);
        for (place, value) in values.into_iter().enumerate() {
            let (b, i, base) = of(place);
            let targets = (0..room).map(|s| (base + wrap(s, i) * own[axis], Some(hot[b * room + s]))).collect();
            updates.push(Update { value, targets });
        }
    }
    Ok(vec![steps.update(x, updates, Reduction::Replace)])
}

/// The inverse of MaxPool: values at the indices that it gave, zeros elsewhere.
fn max_unpool(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (x, at) = (node.float_input(0)?, node.input(1)?);
    let rank = x.shape.len();
    if rank < 3 || at.shape != x.shape || at.kind != Kind::Int {
        return Err(node.error(format!("indices {:?} do not fit {:?}", at.shape, x.shape)));
    }
    let kernel = super::window::kernel(node)?;
    let shape: Vec<usize> = match node.int_list(2, "the output's shape")? {
        Some(shape) => shape.iter().map(|&d| usize::try_from(d).unwrap_or(usize::MAX)).collect(),
        None => {
            let mut shape = x.shape[..2].to_vec();
            shape.extend(Window::unpooled(node, &x.shape[2..], &kernel)?);
            shape
        }
    };
    let len = node.checked_len(&shape)?;
    if shape.len() != rank || shape[..2] != x.shape[..2] || len == 0 {
        return Err(node.error(format!("a result of shape {shape:?} does not fit {:?}", x.shape)));
    }
    let mut small = x.shape[..2].to_vec();
    small.extend(Window::unpooled(node, &x.shape[2..], &kernel)?);
    let (inner, plane) = (strides(&small), small[2..].iter().product::<usize>());
    let fits = small[2..].iter().zip(&shape[2..]).all(|(a, b)| a <= b);
    if !fits || node.checked_len(&small)? == 0 {
        return Err(node.error(format!("the result {shape:?} is smaller than what was pooled, {small:?}")));
    }
    // Indices are those of the tensor that was pooled, whose shape may be smaller than the result's.
    let outer = strides(&shape);
    let place = |i: usize| -> usize { (0..rank).map(|a| i / inner[a] % small[a] * outer[a]).sum() };
    let mut steps = Steps::new(node, graph);
    let zero = Tensor::floats(shape.clone(), vec![0.0; len]);
    let values = x.ids(steps.graph);
    let each: usize = x.shape[2..].iter().product();
    let total: usize = small.iter().product();
    if let Some(data) = at.constants() {
        let chosen = constant_indices(node, data, total)?;
        let update = |(value, i): (ValueId, usize)| Update { value, targets: vec![(place(i), None)] };
        let updates = values.into_iter().zip(chosen).map(update).collect();
        return Ok(vec![steps.update(&zero, updates, Reduction::Replace)]);
    }
    // An element's index lies in its own plane. Each element of the result is the sum of the values that reach it.
    node.checked_len(&[values.len(), plane])?;
    let starts = (0..values.len()).map(|i| (i / each * plane) as f64).collect();
    let starts = Tensor::constant(Kind::Int, x.shape.clone(), starts);
    let local = steps.add("local", at, -1.0, &starts)?;
    let local = steps.wrapped("index", &local, plane);
    let hot = steps.one_hot("hot", &local, plane)?;
    let planes = x.len() / each;
    let y = steps.products(&x.reshaped(vec![planes, 1, each]), &hot.reshaped(vec![planes, each, plane]), 1.0)?;
    let ids = y.ids(steps.graph);
    let mut out = zero.ids(steps.graph);
    ids.into_iter().enumerate().for_each(|(i, v)| out[place(i)] = v);
    Ok(vec![Tensor::values(steps.graph, shape, out)])
}
