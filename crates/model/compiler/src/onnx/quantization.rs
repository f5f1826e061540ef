//! QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear, MatMulInteger, QLinearMatMul, QLinearConv.
//!
//! Quantized values are integers of the graph: sums of products of them are exact, and one rounding follows. A value half
//! way between two integers goes to the upper one, where the standard takes the even one: at most one step away.

use std::collections::BTreeMap;

use super::{
    attributes::{Lower, Lowered, Node},
    conv::convolve,
    mat_mul::multiply,
    steps::Steps,
    tensor::{ElementType, Kind, Tensor, strides},
    weights,
};
use crate::{
    CompileError,
    function::Function,
    graph::{Graph, ValueId},
};

pub(super) const OPS: &[(&str, Lower)] = &[
    ("DequantizeLinear", dequantize),
    ("DynamicQuantizeLinear", dynamic),
    ("MatMulInteger", mat_mul_integer),
    ("QLinearConv", q_conv),
    ("QLinearMatMul", q_mat_mul),
    ("QuantizeLinear", quantize),
];

pub(super) const LIMITS: &[(&str, &str)] = &[
    ("DequantizeLinear", "integers of 4 to 32 bits"),
    ("QuantizeLinear", "integers of 4 to 32 bits; halves are rounded up"),
];

/// A scale or zero point for each element of a tensor: one for all, one for each index along `axis`, or one for each
/// block of them.
fn for_each(node: &Node<'_>, t: &Tensor, shape: &[usize], axis: i64, block: usize) -> Result<Tensor, CompileError> {
    if t.len() == 1 {
        let len = shape.iter().product();
        return Ok(t.pick(shape.to_vec(), &vec![0; len]));
    }
    let axis = node.axis(axis, shape.len())?;
    let misfit = || node.error(format!("scales of shape {:?} do not fit {shape:?}", t.shape));
    let own = if t.shape.len() == 1 {
        let mut own = vec![1; shape.len()];
        own[axis] = t.len();
        own
    } else {
        t.shape.clone()
    };
    let block = if block == 0 { 1 } else { block };
    let fits = own.len() == shape.len()
        && (0..shape.len()).all(|i| {
            if i == axis { shape[i].div_ceil(block) == own[i] } else { own[i] == shape[i] || t.shape.len() == 1 }
        });
    if !fits {
        return Err(misfit());
    }
    let (all, mine) = (strides(shape), strides(&own));
    let len: usize = shape.iter().product();
    let at = |i: usize| {
        (0..shape.len())
            .map(|a| {
                let index = i / all[a] % shape[a];
                if own[a] == 1 {
                    0
                } else if a == axis {
                    index / block * mine[a]
                } else {
                    index * mine[a]
                }
            })
            .sum()
    };
    Ok(t.pick(shape.to_vec(), &(0..len).map(at).collect::<Vec<usize>>()))
}

impl Steps<'_> {
    /// The integer nearest to x · factor, plus the zero point, as an element of `dtype`: the nearest there is.
    fn requantized(
        &mut self,
        x: &Tensor,
        factor: &Tensor,
        zero: Option<&Tensor>,
        dtype: ElementType,
    ) -> Result<Tensor, CompileError> {
        let ids = x.ids(self.graph);
        let rounded = if let Some(factors) = factor.constants() {
            // One operation for each factor.
            let mut by: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
            factors.iter().enumerate().for_each(|(i, f)| by.entry(f.to_bits()).or_default().push(i));
            let site = self.site("rounded", "Round", &x.shape, true);
            let mut out = ids.clone();
            for (bits, places) in by {
                let own = places.iter().map(|&i| ids[i]).collect();
                let y = self.graph.floor(site, own, f64::from_bits(bits), 0.5);
                places.iter().zip(y).for_each(|(&i, v)| out[i] = v);
            }
            out
        } else {
            let scaled = self.mul("scaled", x, factor)?.ids(self.graph);
            let site = self.site("rounded", "Round", &x.shape, true);
            self.graph.floor(site, scaled, 1.0, 0.5)
        };
        let mut y = Tensor::computed(self.graph, ElementType::Int64, x.shape.clone(), rounded);
        if let Some(zero) = zero {
            y = self.add("shifted", &y, 1.0, &zero.clone().typed(ElementType::Int64))?;
        }
        Ok(self.saturated("", &y, dtype))
    }

    /// The nearest elements of a type of integers.
    fn saturated(&mut self, step: &str, x: &Tensor, dtype: ElementType) -> Tensor {
        let Some((lo, hi)) = dtype.integers().filter(|(_, hi)| *hi < 2f64.powi(31)) else {
            return x.clone().typed(dtype);
        };
        let n = x.len();
        let at_least = |s: &mut Self, part: &str, v: Vec<ValueId>, bound: f64| {
            let site = s.site(&format!("{step}{part}"), "Max", &[n], true);
            let bound = s.graph.constant(bound);
            s.graph.max(site, 2, v.into_iter().flat_map(|v| [v, bound]).collect())
        };
        let minus = |s: &mut Self, part: &str, v: Vec<ValueId>| {
            let site = s.site(&format!("{step}{part}"), "Neg", &[n], true);
            s.graph.affine(site, v, vec![-1.0; n], vec![0.0; n])
        };
        let ids = x.ids(self.graph);
        let ids = at_least(self, "lower", ids, lo);
        let ids = minus(self, "negated", ids);
        let ids = at_least(self, "upper", ids, -hi);
        let ids = minus(self, "saturated", ids);
        let open: Vec<ValueId> = ids.iter().copied().filter(|&v| self.graph.constant_of(v).is_none()).collect();
        self.graph.bound_below(&open, lo);
        self.graph.bound_above(&open, hi);
        Tensor::computed(self.graph, dtype, x.shape.clone(), ids)
    }

    /// 1 / x of scales.
    fn inverse(&mut self, step: &str, x: &Tensor) -> Result<Tensor, CompileError> {
        match x.constants() {
            Some(c) if c.iter().all(|&c| c > 0.0 && (1.0 / c).is_finite()) => {
                Ok(Tensor::floats(x.shape.clone(), c.iter().map(|c| 1.0 / c).collect()))
            }
            Some(_) => Err(self.node.error("a scale is not positive")),
            None => Ok(self.apply(step, Function::Reciprocal, x)),
        }
    }
}

fn blocks(node: &Node<'_>) -> Result<usize, CompileError> {
    usize::try_from(node.int("block_size", 0)?).map_err(|_| node.error("the size of a block is negative"))
}

fn quantize(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (x, scale) = (node.input(0)?, node.float_input(1)?);
    let (axis, block) = (node.int("axis", 1)?, blocks(node)?);
    let dtype = match (node.optional(2), i32::try_from(node.int("output_dtype", 0)?).unwrap_or(-1)) {
        (Some(zero), _) => zero.dtype,
        (None, 0) => ElementType::Uint8,
        (None, code) => weights::element_type(&node.name, code)?,
    };
    if dtype.kind() != Kind::Int {
        return Err(node.error(format!("it cannot make {dtype}")));
    }
    let mut steps = Steps::new(node, graph);
    let inverse = steps.inverse("inverse", scale)?;
    let factor = for_each(node, &inverse, &x.shape, axis, block)?;
    let zero = node.optional(2).map(|z| for_each(node, z, &x.shape, axis, block)).transpose()?;
    Ok(vec![steps.requantized(x, &factor, zero.as_ref(), dtype)?])
}

fn dequantize(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (x, scale) = (node.input(0)?, node.float_input(1)?);
    if x.kind != Kind::Int {
        return Err(node.error(format!("it cannot take {}", x.dtype)));
    }
    let (axis, block) = (node.int("axis", 1)?, blocks(node)?);
    let dtype = scale.dtype;
    let scale = for_each(node, scale, &x.shape, axis, block)?;
    let mut steps = Steps::new(node, graph);
    let centred = match node.optional(2) {
        Some(zero) => {
            let zero = for_each(node, zero, &x.shape, axis, block)?;
            steps.add("centred", x, -1.0, &zero)?
        }
        None => x.clone(),
    };
    Ok(vec![steps.mul("", &centred, &scale)?.typed(dtype)])
}

/// Quantizes to unsigned bytes by the range of the values themselves, zero included.
fn dynamic(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let x = node.float_input(0)?;
    if x.len() == 0 {
        return Err(node.error("its operand is empty"));
    }
    let mut steps = Steps::new(node, graph);
    let zero = steps.graph.constant(0.0);
    let end = |steps: &mut Steps<'_>, step: &str, t: &Tensor| {
        let mut ids = t.ids(steps.graph);
        ids.push(zero);
        let t = Tensor::values(steps.graph, vec![ids.len()], ids);
        let end = steps.max_last(step, &t)?;
        Ok::<_, CompileError>(end.reshaped(vec![]))
    };
    let greatest = end(&mut steps, "greatest", x)?;
    let minus = steps.line("negated", x, -1.0, 0.0);
    // The least value, negated.
    let least = end(&mut steps, "least", &minus)?;
    let width = steps.add("width", &greatest, 1.0, &least)?;
    let scale = steps.line("scale", &width, 1.0 / 255.0, 0.0);
    let inverse = steps.apply("inverse", Function::Reciprocal, &width);
    let factor = steps.line("factor", &inverse, 255.0, 0.0);
    let site = steps.site("zero", "Round", &[], true);
    let from_zero = steps.mul("offset", &least, &factor)?.ids(steps.graph);
    let rounded = steps.graph.floor(site, from_zero, 1.0, 0.5);
    let rounded = Tensor::computed(steps.graph, ElementType::Int64, vec![], rounded);
    let point = steps.saturated("zero.", &rounded, ElementType::Uint8);
    let wide = |t: &Tensor| t.pick(x.shape.clone(), &vec![0; x.len()]);
    let y = steps.requantized(x, &wide(&factor), Some(&wide(&point)), ElementType::Uint8)?;
    Ok(vec![y, scale, point])
}

/// Operand `i` of a matrix product less its zero point, which may be a list along the rows or columns.
fn matrix_centred(
    steps: &mut Steps<'_>,
    step: &str,
    i: usize,
    zero: usize,
    columns: bool,
) -> Result<Tensor, CompileError> {
    let rank = steps.node.input(i)?.shape.len();
    steps.centred(step, i, zero, rank.checked_sub(if columns || rank == 1 { 1 } else { 2 }))
}

fn mat_mul_integer(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let mut steps = Steps::new(node, graph);
    let a = matrix_centred(&mut steps, "a", 0, 2, false)?;
    let b = matrix_centred(&mut steps, "b", 1, 3, true)?;
    Ok(vec![multiply(node, steps.graph, &a, &b)?.typed(ElementType::Int32)])
}

/// A list of scales along the rows (or columns) of a matrix product, as a tensor that broadcasts to it.
fn scale_along(t: &Tensor, columns: bool) -> Tensor {
    let n = t.len();
    if n == 1 || t.shape.len() > 1 {
        if n == 1 { t.reshaped(vec![1, 1]) } else { t.clone() }
    } else {
        t.reshaped(if columns { vec![1, n] } else { vec![n, 1] })
    }
}

fn q_mat_mul(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let mut steps = Steps::new(node, graph);
    let a = matrix_centred(&mut steps, "a", 0, 2, false)?;
    let b = matrix_centred(&mut steps, "b", 3, 5, true)?;
    let sum = multiply(node, steps.graph, &a, &b)?;
    let (sa, sb) = (scale_along(node.float_input(1)?, false), scale_along(node.float_input(4)?, true));
    let scales = steps.mul("scales", &sa, &sb)?;
    let inverse = steps.inverse("inverse", &node.float_input(6)?.reshaped(vec![1, 1]))?;
    let factor = steps.mul("factor", &scales, &inverse)?;
    let factor = if factor.len() == 1 {
        factor.pick(sum.shape.clone(), &vec![0; sum.len()])
    } else {
        let fits = super::tensor::broadcast(&factor.shape, &sum.shape).is_some_and(|s| s == sum.shape);
        if !fits {
            return Err(node.error("the scales do not fit the product"));
        }
        super::steps::spread(&factor, &sum.shape)
    };
    let zero = node.input(7)?;
    if zero.len() != 1 {
        return Err(node.error("the result's zero point is not a scalar"));
    }
    let wide = zero.pick(sum.shape.clone(), &vec![0; sum.len()]);
    Ok(vec![steps.requantized(&sum, &factor, Some(&wide), zero.dtype)?])
}

fn q_conv(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let mut steps = Steps::new(node, graph);
    let (x, w) = (steps.centred("x", 0, 2, None)?, steps.centred("w", 3, 5, Some(0))?);
    let sum = convolve(node, steps.graph, &x, &w, node.optional(8))?;
    let scales = steps.mul("scales", &node.float_input(1)?.reshaped(vec![1]), node.float_input(4)?)?;
    let inverse = steps.inverse("inverse", &node.float_input(6)?.reshaped(vec![1]))?;
    let factor = steps.mul("factor", &scales, &inverse)?;
    let factor = for_each(node, &factor, &sum.shape, 1, 0)?;
    let zero = node.input(7)?;
    if zero.len() != 1 {
        return Err(node.error("the result's zero point is not a scalar"));
    }
    let wide = zero.pick(sum.shape.clone(), &vec![0; sum.len()]);
    Ok(vec![steps.requantized(&sum, &factor, Some(&wide), zero.dtype)?])
}
