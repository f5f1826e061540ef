//! ConvTranspose: y\[o\] = Σ x\[i\] · w\[k\] over all i and k with i · stride + k · dilation = o + pad.
//!
//! Which kernel elements reach an output position depends only on its residues modulo the strides, so positions with
//! equal residues are applications of one matrix.

use std::collections::BTreeMap;

use super::{
    attributes::{Lower, Lowered, Node},
    steps::{Steps, indices},
    tensor::{Tensor, strides},
};
use crate::{
    CompileError,
    graph::{Graph, ValueId},
};

pub(super) const OPS: &[(&str, Lower)] = &[("ConvTranspose", lower)];

pub(super) const LIMITS: &[(&str, &str)] = &[];

/// The geometry: one entry for each spatial dimension.
struct Geometry {
    input: Vec<usize>,
    output: Vec<usize>,
    kernel: Vec<usize>,
    steps: Vec<usize>,
    dilations: Vec<usize>,
    begin: Vec<usize>,
}

/// For the positions with one pattern of kernel elements: the elements, and for each position its index and, for each
/// element, the index into the spatial input (`None` outside).
type Pattern = (Vec<usize>, Vec<(usize, Vec<Option<usize>>)>);

impl Geometry {
    fn new(node: &Node<'_>, input: &[usize], kernel: &[usize]) -> Result<Self, CompileError> {
        let rank = input.len();
        let list = |name: &str, default: usize, len: usize, least: i64| match node.ints(name)? {
            None => Ok(vec![default; len]),
            Some(v) if v.len() == len && v.iter().all(|d| (least..1 << 27).contains(d)) => {
                Ok(v.iter().map(|&d| d as usize).collect())
            }
            Some(v) => Err(node.error(format!("{name}={v:?} is invalid"))),
        };
        let (steps, dilations) = (list("strides", 1, rank, 1)?, list("dilations", 1, rank, 1)?);
        let (pads, extra) = (list("pads", 0, 2 * rank, 0)?, list("output_padding", 0, rank, 0)?);
        if node.ints("kernel_shape")?.is_some_and(|k| k.iter().map(|&d| d as usize).ne(kernel.iter().copied())) {
            return Err(node.error("kernel_shape differs from the kernel's shape"));
        }
        let auto = node.string("auto_pad", "NOTSET")?;
        let wanted = match (auto.as_str(), node.ints("output_shape")?) {
            (_, Some(shape)) if shape.len() == rank && shape.iter().all(|d| (1..1 << 27).contains(d)) => {
                Some(shape.iter().map(|&d| d as usize).collect())
            }
            (_, Some(shape)) => return Err(node.error(format!("output_shape={shape:?} is invalid"))),
            ("SAME_UPPER" | "SAME_LOWER", None) => {
                Some(input.iter().zip(&steps).map(|(&d, &s)| d.saturating_mul(s)).collect::<Vec<_>>())
            }
            ("NOTSET" | "" | "VALID", None) => None,
            (other, None) => return Err(node.error(format!("auto_pad=`{other}` is unknown"))),
        };
        let (mut begin, mut output) = (vec![0; rank], Vec::with_capacity(rank));
        for i in 0..rank {
            if kernel[i] == 0 || input[i] == 0 {
                return Err(node.error("an operand is empty"));
            }
            let extent = (kernel[i] - 1).saturating_mul(dilations[i]).saturating_add(1);
            let full = (input[i] - 1).saturating_mul(steps[i]).saturating_add(extent).saturating_add(extra[i]);
            output.push(match &wanted {
                Some(wanted) => {
                    let total = full.saturating_sub(wanted[i]);
                    begin[i] = if auto == "SAME_UPPER" { total / 2 } else { total - total / 2 };
                    wanted[i]
                }
                None => {
                    let (first, last) = if auto == "VALID" { (0, 0) } else { (pads[i], pads[rank + i]) };
                    begin[i] = first;
                    let size = full.checked_sub(first.saturating_add(last)).filter(|&d| d > 0);
                    size.ok_or_else(|| node.error(format!("the pads remove all of dimension {i}")))?
                }
            });
        }
        node.checked_len(&output)?;
        Ok(Self { input: input.to_vec(), output, kernel: kernel.to_vec(), steps, dilations, begin })
    }

    fn patterns(&self) -> Vec<Pattern> {
        let rank = self.input.len();
        let (own, kernel) = (strides(&self.input), strides(&self.kernel));
        // Along each axis, the kernel elements with each residue.
        let residues: Vec<BTreeMap<usize, Vec<usize>>> = (0..rank)
            .map(|i| {
                let mut by = BTreeMap::<usize, Vec<usize>>::new();
                (0..self.kernel[i]).for_each(|k| by.entry(k * self.dilations[i] % self.steps[i]).or_default().push(k));
                by
            })
            .collect();
        let elements_of = |key: &[usize]| {
            let lists = (0..rank).map(|i| residues[i].get(&key[i]).map_or(&[][..], Vec::as_slice));
            lists.zip(&kernel).fold(vec![0usize], |all, (list, stride)| {
                all.iter().flat_map(|at| list.iter().map(move |k| at + k * stride)).collect()
            })
        };
        let mut found: BTreeMap<Vec<usize>, Pattern> = BTreeMap::new();
        for (position, place) in indices(&self.output).enumerate() {
            let at: Vec<usize> = (0..rank).map(|i| place[i] + self.begin[i]).collect();
            let key: Vec<usize> = (0..rank).map(|i| at[i] % self.steps[i]).collect();
            let (elements, places) = found.entry(key).or_insert_with_key(|key| (elements_of(key), Vec::new()));
            let source = |k: &usize| {
                (0..rank).try_fold(0usize, |sum, i| {
                    let k = k / kernel[i] % self.kernel[i];
                    let index = at[i].checked_sub(k * self.dilations[i])? / self.steps[i];
                    (index < self.input[i]).then(|| sum + index * own[i])
                })
            };
            let sources = elements.iter().map(source).collect();
            places.push((position, sources));
        }
        found.into_values().collect()
    }
}

fn lower(node: &Node<'_>, graph: &mut Graph) -> Lowered {
    let (x, w) = (node.float_input(0)?, node.float_input(1)?);
    let rank = x.shape.len();
    if rank < 3 || w.shape.len() != rank {
        return Err(node.error(format!("operands of ranks {rank} and {} do not fit", w.shape.len())));
    }
    let groups = usize::try_from(node.int("group", 1)?).unwrap_or(0);
    let (batch, channels, cols) = (x.shape[0], x.shape[1], w.shape[1]);
    if groups == 0 || w.shape[0] != channels || !channels.is_multiple_of(groups) || cols * channels == 0 {
        return Err(node.error(format!("kernel {:?} and group={groups} do not fit {:?}", w.shape, x.shape)));
    }
    let (depth, filters) = (channels / groups, cols.saturating_mul(groups));
    let geometry = Geometry::new(node, &x.shape[2..], &w.shape[2..])?;
    let size: usize = geometry.kernel.iter().product();
    let positions: usize = geometry.output.iter().product();
    let plane: usize = geometry.input.iter().product();
    let reach: usize = geometry.kernel.iter().zip(&geometry.steps).map(|(k, s)| k.div_ceil(*s)).product();
    node.checked_len(&[batch, channels, positions, reach])?;
    let mut shape = vec![batch, filters];
    shape.extend(&geometry.output);
    node.checked_len(&shape)?;
    let bias = match node.optional(2) {
        Some(b) if b.len() == filters => Some(b),
        Some(b) => return Err(node.error(format!("the bias has {} elements, expected {filters}", b.len()))),
        None => None,
    };
    let constant_bias = bias.and_then(Tensor::constants);
    let ids = x.ids(graph);
    let zero = graph.constant(0.0);
    let mut out = vec![zero; batch * filters * positions];
    for (elements, places) in geometry.patterns() {
        for g in 0..groups {
            let row_of = |c: usize, k: usize, n: usize| ((g * depth + c) * cols + n) * size + k;
            let operands = |b: usize| -> Vec<ValueId> {
                let element =
                    |c: usize, s: &Option<usize>| s.map_or(zero, |s| ids[(b * channels + g * depth + c) * plane + s]);
                let of = |(_, sources): &(usize, Vec<Option<usize>>)| -> Vec<ValueId> {
                    (0..depth).flat_map(|c| sources.iter().map(move |s| element(c, s))).collect()
                };
                places.iter().flat_map(of).collect()
            };
            let rows: Vec<(usize, usize)> = (0..depth).flat_map(|c| elements.iter().map(move |&k| (c, k))).collect();
            let own_bias: Vec<f64> = match constant_bias {
                Some(b) => b[g * cols..(g + 1) * cols].to_vec(),
                None => vec![0.0; cols],
            };
            let count = places.len();
            let mut set = |b: usize, p: usize, n: usize, v: ValueId| {
                out[(b * filters + g * cols + n) * positions + places[p].0] = v;
            };
            if rows.is_empty() {
                for (n, &v) in own_bias.iter().enumerate() {
                    let v = graph.constant(v);
                    (0..batch * count).for_each(|i| set(i / count, i % count, n, v));
                }
            } else if let Some(weights) = w.constants() {
                let site = graph.site(&node.name, "ConvTranspose", &[cols, positions]);
                let of = |&(c, k): &(usize, usize)| (0..cols).map(move |n| weights[row_of(c, k, n)]);
                let matrix = graph.matrix(site, rows.len(), rows.iter().flat_map(of).collect(), own_bias);
                let x = (0..batch).flat_map(operands).collect();
                let grid = geometry.output.last().map_or(1, |d| d.div_ceil(geometry.steps[rank - 3]));
                let y = graph.linear(matrix, grid, x);
                y.into_iter().enumerate().for_each(|(i, v)| set(i / cols / count, i / cols % count, i % cols, v));
            } else {
                node.checked_len(&[batch, count, cols, rows.len()])?;
                let kernel = w.ids(graph);
                let x: Vec<ValueId> = (0..batch).flat_map(operands).collect();
                let left: Vec<ValueId> = x.chunks(rows.len()).flat_map(|row| row.repeat(cols)).collect();
                let column = |n: usize| rows.iter().map(move |&(c, k)| row_of(c, k, n));
                let one: Vec<ValueId> = (0..cols).flat_map(column).map(|i| kernel[i]).collect();
                let mut steps = Steps::new(node, graph);
                let mut y = steps.dots("", "ConvTranspose", &left, &one.repeat(batch * count), rows.len(), 1.0);
                if constant_bias.is_some() {
                    let site = steps.site("bias", "Add", &[y.len()], false);
                    let shift = (0..y.len()).map(|i| own_bias[i % cols]).collect();
                    let ones = vec![1.0; y.len()];
                    y = steps.graph.affine(site, y, ones, shift);
                }
                y.into_iter().enumerate().for_each(|(i, v)| set(i / cols / count, i / cols % count, i % cols, v));
            }
        }
    }
    let y = Tensor::values(graph, shape, out);
    match bias.filter(|b| b.constants().is_none()) {
        None => Ok(vec![y]),
        Some(b) => {
            let mut wide = vec![1; rank];
            wide[1] = filters;
            Ok(vec![Steps::new(node, graph).add("bias", &y, 1.0, &b.reshaped(wide))?])
        }
    }
}
