//! Inputs whose columns have ranges of very different sizes: prices beside volumes beside ratios.
//!
//! A tensor has one scale. Where that is fine enough for the column of the smallest numbers, the integers of the largest
//! ones do not fit a word. Each column is therefore brought to a scale of its own first, which takes a row an element.

use std::collections::BTreeMap;

use super::{Graph, Kind, Op, Ranges, ValueId};

/// Columns whose largest numbers differ by less than this factor share a scale.
const ALIKE: f64 = 64.0;

/// Bits of the magnitude of the integers of such an input.
const BITS: i32 = 46;

/// Bits of the column of the smallest numbers, where there is room.
const COLUMN_BITS: i32 = 22;

/// The largest magnitude of a column's numbers, and its elements.
type Column = (f64, Vec<ValueId>);

impl Graph {
    /// Gives the columns of inputs scales of their own where they differ. Returns whether anything changed.
    pub(crate) fn split_columns(&mut self, ranges: &Ranges) -> bool {
        let mut map: Vec<ValueId> = (0..self.len() as u32).map(ValueId).collect();
        let mut first = Vec::new();
        for port in 0..self.inputs.len() {
            if let Some((columns, scale)) = self.columns(port, ranges) {
                self.inputs[port].scale = Some(scale);
                let name = self.inputs[port].name.clone();
                for (i, (_, values)) in columns.into_iter().enumerate() {
                    let site = self.site(&format!("{name}.columns{i}"), "Affine", &[values.len()]);
                    let n = values.len();
                    let out = self.fresh(n, site);
                    map.extend(&out);
                    values.iter().zip(&out).for_each(|(v, o)| map[v.index()] = *o);
                    first.push(Op {
                        site,
                        kind: Kind::Affine { x: values, scale: vec![1.0; n], shift: vec![0.0; n] },
                        out,
                    });
                }
            }
        }
        if first.is_empty() {
            return false;
        }
        self.substitute(&map);
        self.ops.splice(0..0, first);
        true
    }

    /// The elements of a port by the size of their columns' numbers, and the scale that fits all of them.
    fn columns(&self, port: usize, ranges: &Ranges) -> Option<(BTreeMap<i32, Vec<ValueId>>, f64)> {
        let port = &self.inputs[port];
        if port.integer || port.scale.is_some() {
            return None;
        }
        let size = |values: &[ValueId]| ranges.of(values.iter().copied(), None).magnitude();
        let mut best: Option<(f64, Vec<Column>)> = None;
        for axis in 0..port.shape.len() {
            let inner: usize = port.shape[axis + 1..].iter().product();
            let mut lists = vec![Vec::new(); port.shape[axis]];
            for (i, &v) in port.values.iter().enumerate() {
                lists[i / inner.max(1) % port.shape[axis]].push(v);
            }
            let columns: Vec<Column> =
                lists.into_iter().map(|l| (size(&l), l)).filter(|(m, l)| *m > 0.0 && !l.is_empty()).collect();
            let ends = columns.iter().fold((f64::INFINITY, 0.0f64), |(lo, hi), c| (lo.min(c.0), hi.max(c.0)));
            let ratio = ends.1 / ends.0;
            if ratio.is_finite() && ratio >= ALIKE && best.as_ref().is_none_or(|b| ratio > b.0) {
                best = Some((ratio, columns));
            }
        }
        let (_, columns) = best?;
        let mut groups: BTreeMap<i32, Vec<ValueId>> = BTreeMap::new();
        for (size, values) in &columns {
            groups.entry(size.log2().ceil() as i32).or_default().extend(values);
        }
        let (least, most) = (*groups.first_key_value()?.0, *groups.last_key_value()?.0);
        Some((groups, 2f64.powi((COLUMN_BITS - least).min(BITS - most))))
    }
}
