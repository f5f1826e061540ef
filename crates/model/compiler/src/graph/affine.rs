//! Folding scalings and shifts (batch normalization, biases, products with constants) into neighbouring matrices.

use std::sync::Arc;

use super::{Graph, Kind, ValueId};

/// value = source · scale + shift
#[derive(Clone, Copy, PartialEq)]
struct Form {
    source: ValueId,
    scale: f64,
    shift: f64,
    /// Whether the value is an integer by construction.
    integer: bool,
}

/// What is known about a row or column of a matrix.
#[derive(Clone, Copy, PartialEq)]
enum Common {
    Unseen,
    Same(f64, f64),
    Mixed,
}

impl Common {
    fn meet(&mut self, scale: f64, shift: f64) {
        *self = match *self {
            Self::Unseen => Self::Same(scale, shift),
            Self::Same(s, t) if s == scale && t == shift => *self,
            _ => Self::Mixed,
        };
    }
}

impl Graph {
    pub(super) fn fold_affine(&mut self) {
        self.compose();
        self.scale_products();
        self.fold_into_producers();
        self.compose();
        self.fold_into_consumers();
    }

    fn forms(&self) -> Vec<Option<Form>> {
        let mut forms = vec![None; self.len()];
        for op in &self.ops {
            if let Kind::Affine { x, scale, shift } = &op.kind {
                let integer = self.sites[op.site.index()].integer;
                for (i, out) in op.out.iter().enumerate() {
                    forms[out.index()] = Some(Form { source: x[i], scale: scale[i], shift: shift[i], integer });
                }
            }
        }
        forms
    }

    /// An affine of an affine is one affine of the inner operand; an identity is its operand.
    fn compose(&mut self) {
        let mut forms: Vec<Option<Form>> = vec![None; self.len()];
        let mut map: Vec<ValueId> = (0..self.len() as u32).map(ValueId).collect();
        for op in &mut self.ops {
            let Kind::Affine { x, scale, shift } = &mut op.kind else { continue };
            let integer = self.sites[op.site.index()].integer;
            for i in 0..x.len() {
                x[i] = map[x[i].index()];
                if let Some(inner) = forms[x[i].index()] {
                    shift[i] += scale[i] * inner.shift;
                    scale[i] *= inner.scale;
                    x[i] = inner.source;
                }
                if scale[i] == 1.0 && shift[i] == 0.0 {
                    map[op.out[i].index()] = x[i];
                }
                forms[op.out[i].index()] = Some(Form { source: x[i], scale: scale[i], shift: shift[i], integer });
            }
        }
        self.substitute(&map);
        self.remove_dead();
    }

    /// Where all uses of a product of two matrices are one and the same multiple of it, its left side takes the factor. There
    /// a constant matrix may take it in, as that of an attention's queries does.
    fn scale_products(&mut self) {
        let (forms, uses) = (self.forms(), self.uses());
        let mut by: Vec<Common> = vec![Common::Unseen; self.len()];
        let mut affine_uses = vec![0u32; self.len()];
        for form in forms.iter().flatten().filter(|f| !f.integer) {
            by[form.source.index()].meet(form.scale, form.shift);
            affine_uses[form.source.index()] += 1;
        }
        let factor = |op: &super::Op| {
            let Kind::MatMul { .. } = &op.kind else { return None };
            let mut all = Common::Unseen;
            for v in op.out.iter().filter(|v| uses[v.index()] > 0) {
                match by[v.index()] {
                    Common::Same(scale, shift) if affine_uses[v.index()] == uses[v.index()] => all.meet(scale, shift),
                    _ => return None,
                }
            }
            match all {
                Common::Same(scale, 0.0) if scale != 1.0 && !self.sites[op.site.index()].integer => Some(scale),
                _ => None,
            }
        };
        let factors: Vec<Option<f64>> = self.ops.iter().map(factor).collect();
        let mut scaled = vec![false; self.len()];
        for (mut op, factor) in std::mem::take(&mut self.ops).into_iter().zip(factors) {
            if let (Kind::MatMul { x, .. }, Some(factor)) = (&mut op.kind, factor) {
                let name = format!("{}.scaled", self.sites[op.site.index()].name);
                let (site, n) = (self.site(&name, "Mul", &[x.len()]), x.len());
                *x = self.affine(site, std::mem::take(x), vec![factor; n], vec![0.0; n]);
                for v in &op.out {
                    scaled[v.index()] = true;
                    // What was known of the product does not hold of its multiple.
                    self.bounds.remove(v);
                    self.among.remove(v);
                }
            }
            self.ops.push(op);
        }
        for op in &mut self.ops {
            if let Kind::Affine { x, scale, .. } = &mut op.kind {
                let taken = |v: &ValueId| scaled.get(v.index()) == Some(&true);
                x.iter().zip(scale).filter(|(v, _)| taken(v)).for_each(|(_, scale)| *scale = 1.0);
            }
        }
        self.compose();
    }

    /// Where all uses of a matrix column are one and the same affine, the column becomes its result.
    fn fold_into_producers(&mut self) {
        let forms = self.forms();
        let uses = self.uses();
        let mut by: Vec<Common> = vec![Common::Unseen; self.len()];
        let mut affine_uses = vec![0u32; self.len()];
        for form in forms.iter().flatten() {
            by[form.source.index()].meet(form.scale, form.shift);
            affine_uses[form.source.index()] += 1;
        }
        let mut columns: Vec<Vec<Common>> = self.matrices.iter().map(|m| vec![Common::Unseen; m.cols]).collect();
        for op in &self.ops {
            let Kind::Linear { matrix, .. } = &op.kind else { continue };
            let own = &mut columns[matrix.index()];
            for (i, v) in op.out.iter().enumerate() {
                let n = i % own.len();
                match by[v.index()] {
                    _ if uses[v.index()] == 0 => {}
                    Common::Same(s, t) if affine_uses[v.index()] == uses[v.index()] => own[n].meet(s, t),
                    _ => own[n] = Common::Mixed,
                }
            }
        }
        self.free_integers(&mut columns, &forms);
        for (m, columns) in self.matrices.iter_mut().zip(&columns) {
            let mut scales = vec![1.0; m.cols];
            for (n, common) in columns.iter().enumerate() {
                if let Common::Same(scale, shift) = *common {
                    scales[n] = scale;
                    m.bias[n] = m.bias[n] * scale + shift;
                }
            }
            if scales.iter().any(|&s| s != 1.0) {
                let rows = Arc::make_mut(&mut m.weights).chunks_exact_mut(m.cols);
                rows.for_each(|row| row.iter_mut().zip(&scales).for_each(|(w, s)| *w *= s));
            }
        }
        // Affines of folded columns are now identities.
        let mut folded = vec![false; self.len()];
        for op in &self.ops {
            if let Kind::Linear { matrix, .. } = &op.kind {
                let own = &columns[matrix.index()];
                for (i, v) in op.out.iter().enumerate() {
                    if matches!(own[i % own.len()], Common::Same(..)) {
                        folded[v.index()] = true;
                        // What was known of the column does not hold of the result.
                        self.bounds.remove(v);
                        self.among.remove(v);
                    }
                }
            }
        }
        for op in &mut self.ops {
            if let Kind::Affine { x, scale, shift } = &mut op.kind {
                for i in 0..x.len() {
                    if folded[x[i].index()] {
                        (scale[i], shift[i]) = (1.0, 0.0);
                    }
                }
            }
        }
    }

    /// A matrix of integers whose results are all scaled to real numbers becomes a matrix of real numbers. One of which
    /// only some are takes nothing in.
    fn free_integers(&mut self, columns: &mut [Vec<Common>], forms: &[Option<Form>]) {
        let mut real = vec![false; self.matrices.len()];
        let mut scaled = vec![false; self.len()];
        for form in forms.iter().flatten().filter(|f| !f.integer) {
            scaled[form.source.index()] = true;
        }
        for op in &self.ops {
            if let Kind::Linear { matrix, .. } = &op.kind {
                real[matrix.index()] |= op.out.iter().any(|v| scaled[v.index()]);
            }
        }
        for (id, real) in real.iter_mut().enumerate() {
            let site = &self.sites[self.matrices[id].site.index()];
            *real &= site.integer;
            if !*real {
                continue;
            }
            if columns[id].contains(&Common::Mixed) {
                *real = false;
                columns[id].fill(Common::Mixed);
                continue;
            }
            let site = super::Site { integer: false, ..site.clone() };
            self.sites.push(site);
            self.matrices[id].site = super::SiteId(self.sites.len() as u32 - 1);
        }
        for op in &mut self.ops {
            if let Kind::Linear { matrix, .. } = &op.kind
                && real[matrix.index()]
            {
                op.site = self.matrices[matrix.index()].site;
                op.out.iter().for_each(|v| self.integers[v.index()] = false);
            }
        }
    }

    /// Where all operands of a matrix row are one and the same affine of other values, the row takes those values.
    fn fold_into_consumers(&mut self) {
        let forms = self.forms();
        let mut rows: Vec<Vec<Common>> = self.matrices.iter().map(|m| vec![Common::Unseen; m.rows]).collect();
        let mut zeros: Vec<Vec<bool>> = self.matrices.iter().map(|m| vec![false; m.rows]).collect();
        for op in &self.ops {
            let Kind::Linear { matrix, x, .. } = &op.kind else { continue };
            let id = matrix.index();
            let k = rows[id].len();
            for (i, v) in x.iter().enumerate() {
                if self.constant_of(*v) == Some(0.0) {
                    zeros[id][i % k] = true;
                } else if let Some(f) = forms[v.index()] {
                    rows[id][i % k].meet(f.scale, f.shift);
                } else {
                    rows[id][i % k] = Common::Mixed;
                }
            }
        }
        // Zero padding stays zero only without a shift.
        let folds = |id: usize, k: usize| match rows[id][k] {
            Common::Same(s, t) if t == 0.0 || !zeros[id][k] => Some((s, t)),
            _ => None,
        };
        for (id, m) in self.matrices.iter_mut().enumerate() {
            for k in 0..m.rows {
                let Some((scale, shift)) = folds(id, k).filter(|&f| f != (1.0, 0.0)) else { continue };
                let row = &mut Arc::make_mut(&mut m.weights)[k * m.cols..(k + 1) * m.cols];
                for (w, bias) in row.iter_mut().zip(&mut m.bias) {
                    *bias += shift * *w;
                    *w *= scale;
                }
            }
        }
        for op in &mut self.ops {
            let Kind::Linear { matrix, x, .. } = &mut op.kind else { continue };
            let id = matrix.index();
            let k = rows[id].len();
            for (i, v) in x.iter_mut().enumerate() {
                if let (Some(f), Some(_)) = (forms[v.index()], folds(id, i % k)) {
                    *v = f.source;
                }
            }
        }
    }
}
