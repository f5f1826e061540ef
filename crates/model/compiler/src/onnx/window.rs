//! Sliding windows of convolutions and pools, in any number of spatial dimensions.

use super::{
    attributes::Node,
    tensor::{strides, walk},
};
use crate::CompileError;

/// The kernel of a pool.
pub(super) fn kernel(node: &Node<'_>) -> Result<Vec<usize>, CompileError> {
    let kernel = node.ints("kernel_shape")?.ok_or_else(|| node.error("`kernel_shape` is missing"))?;
    Ok(kernel.iter().map(|&k| usize::try_from(k).unwrap_or(0)).collect())
}

/// The geometry of a convolution or pool.
pub(super) struct Window {
    pub(super) input: Vec<usize>,
    pub(super) kernel: Vec<usize>,
    pub(super) output: Vec<usize>,
    strides: Vec<usize>,
    dilations: Vec<usize>,
    begin: Vec<usize>,
    end: Vec<usize>,
}

impl Window {
    /// Reads `strides`, `dilations`, `pads`, `auto_pad` and `ceil_mode`.
    pub(super) fn new(node: &Node<'_>, input: &[usize], kernel: Vec<usize>) -> Result<Self, CompileError> {
        let rank = input.len();
        let list = |name: &str, default: usize, len: usize, least: usize| match node.ints(name)? {
            None => Ok(vec![default; len]),
            Some(v) if v.len() == len && v.iter().all(|&d| (least as i64..1 << 27).contains(&d)) => {
                Ok(v.iter().map(|&d| d as usize).collect())
            }
            Some(v) => Err(node.error(format!("{name}={v:?} is invalid"))),
        };
        let step = list("strides", 1, rank, 1)?;
        let dilations = list("dilations", 1, rank, 1)?;
        let pads = list("pads", 0, 2 * rank, 0)?;
        let (mut begin, mut end) = (pads[..rank].to_vec(), pads[rank..].to_vec());
        if kernel.len() != rank || kernel.iter().any(|&k| k == 0 || k > 1 << 27) {
            return Err(node.error(format!("a kernel of shape {kernel:?} does not fit {rank} dimensions")));
        }
        let extent: Vec<usize> = (0..rank).map(|i| (kernel[i] - 1).saturating_mul(dilations[i]) + 1).collect();
        let auto = node.string("auto_pad", "NOTSET")?;
        for i in 0..rank {
            let total = match auto.as_str() {
                "NOTSET" | "" => continue,
                "VALID" => 0,
                _ => ((input[i].div_ceil(step[i]).max(1) - 1) * step[i] + extent[i]).saturating_sub(input[i]),
            };
            (begin[i], end[i]) = match auto.as_str() {
                "VALID" => (0, 0),
                "SAME_UPPER" => (total / 2, total - total / 2),
                "SAME_LOWER" => (total - total / 2, total / 2),
                other => return Err(node.error(format!("auto_pad=`{other}` is unknown"))),
            };
        }
        let ceil = node.int("ceil_mode", 0)? != 0;
        let mut output = Vec::with_capacity(rank);
        for i in 0..rank {
            let padded = input[i].saturating_add(begin[i]).saturating_add(end[i]);
            let room = padded.checked_sub(extent[i]);
            let room = room.ok_or_else(|| node.error(format!("the kernel is larger than dimension {i}")))?;
            let mut n = if ceil { room.div_ceil(step[i]) } else { room / step[i] } + 1;
            // A window that starts in the padding at the end is left out.
            if ceil && (n - 1) * step[i] >= input[i] + begin[i] {
                n -= 1;
            }
            output.push(n);
        }
        let window = Self { input: input.to_vec(), kernel, output, strides: step, dilations, begin, end };
        node.checked_len(&[window.positions(), window.size()])?;
        Ok(window)
    }

    /// Reads the attributes of a pool, whose operand has batch, channels and spatial dimensions.
    pub(super) fn of_pool(node: &Node<'_>, operand: &[usize]) -> Result<Self, CompileError> {
        let [_, _, input @ ..] = operand else { return Err(node.error("its operand has no spatial dimensions")) };
        if input.is_empty() {
            return Err(node.error("its operand has no spatial dimensions"));
        }
        Self::new(node, input, kernel(node)?)
    }

    /// The spatial shape of what a pool of this kernel, strides, pads and dilations made `output` of.
    pub(super) fn unpooled(node: &Node<'_>, output: &[usize], kernel: &[usize]) -> Result<Vec<usize>, CompileError> {
        let rank = output.len();
        let list = |name: &str, default: usize, len: usize, least: i64| match node.ints(name)? {
            None => Ok(vec![default; len]),
            Some(v) if v.len() == len && v.iter().all(|d| (least..1 << 27).contains(d)) => {
                Ok(v.iter().map(|&d| d as usize).collect())
            }
            Some(v) => Err(node.error(format!("{name}={v:?} is invalid"))),
        };
        let (steps, pads) = (list("strides", 1, rank, 1)?, list("pads", 0, 2 * rank, 0)?);
        if kernel.len() != rank || kernel.contains(&0) || output.contains(&0) {
            return Err(node.error(format!("a kernel of shape {kernel:?} does not fit {output:?}")));
        }
        let size = |i: usize| {
            let full = (output[i] - 1).saturating_mul(steps[i]).saturating_add(kernel[i]);
            full.checked_sub(pads[i] + pads[rank + i]).ok_or_else(|| node.error("the pads remove all"))
        };
        (0..rank).map(size).collect()
    }

    /// Padding before the first element, steps and dilations, for each dimension.
    pub(super) fn geometry(&self) -> (&[usize], &[usize], &[usize]) {
        (&self.begin, &self.strides, &self.dilations)
    }

    /// Number of output positions.
    pub(super) fn positions(&self) -> usize {
        self.output.iter().product()
    }

    /// Number of kernel elements.
    pub(super) fn size(&self) -> usize {
        self.kernel.iter().product()
    }

    /// For each position and kernel element, the flat index into the (spatial) input, or `None` in the padding.
    pub(super) fn taps(&self) -> Vec<Vec<Option<usize>>> {
        let own = strides(&self.input);
        let places = indices(&self.output);
        let offsets = indices(&self.kernel);
        let tap = |place: &[usize], offset: &[usize]| {
            (0..own.len()).try_fold(0usize, |at, i| {
                let index = (place[i] * self.strides[i] + offset[i] * self.dilations[i]).checked_sub(self.begin[i])?;
                (index < self.input[i]).then(|| at + index * own[i])
            })
        };
        places.iter().map(|p| offsets.iter().map(|o| tap(p, o)).collect()).collect()
    }

    /// For each position, how many kernel elements lie inside the input and its declared padding.
    pub(super) fn padded_counts(&self) -> Vec<usize> {
        let inside = |place: &[usize]| {
            (0..place.len())
                .map(|i| {
                    let limit = self.input[i] + self.begin[i] + self.end[i];
                    (0..self.kernel[i]).filter(|k| place[i] * self.strides[i] + k * self.dilations[i] < limit).count()
                })
                .product()
        };
        indices(&self.output).iter().map(|p| inside(p)).collect()
    }
}

fn indices(shape: &[usize]) -> Vec<Vec<usize>> {
    let all = strides(shape);
    let flat = walk(shape, &all.iter().map(|&s| s as isize).collect::<Vec<_>>(), 0);
    flat.into_iter().map(|f| (0..shape.len()).map(|i| f / all[i] % shape[i]).collect()).collect()
}
