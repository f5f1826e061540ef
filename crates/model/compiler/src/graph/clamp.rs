//! Explicit clamps in front of functions that are constant outside a small part of what their argument can be.
//!
//! A table covers the whole interval of its argument. Where that interval is much wider than the part in which the
//! function moves, segments become too coarse; then the argument is clamped, by maxima that are proved:
//! min(max(x, lo), hi) = −max(−max(x, lo), −hi).

use std::collections::BTreeMap;

use super::{Graph, Kind, Ranges, SiteId, Span, ValueId};
use crate::function::Function;

/// What happens to the arguments of one site's function, with the sites of the new operations.
#[derive(Clone, Copy)]
struct Plan {
    lower: Option<(f64, SiteId)>,
    upper: Option<(f64, [SiteId; 3])>,
    /// The clamp is all that the function does.
    alone: bool,
}

impl Graph {
    /// Clamps the arguments of functions whose interval reaches beyond their saturation. A clip whose kinks are not
    /// multiples of 2^−`grid` is replaced by its clamp alone. Returns whether anything changed.
    pub(crate) fn clamp_arguments(&mut self, ranges: &Ranges, saturating: bool, grid: i32) -> bool {
        let plans = self.clamp_plans(ranges, saturating, grid);
        let ops = std::mem::take(&mut self.ops);
        let mut changed = false;
        for mut op in ops {
            if let (Kind::Apply { x, .. }, Some(&plan)) = (&op.kind, plans.get(&op.site)) {
                changed = true;
                let x = self.clamped(x.clone(), plan);
                match &mut op.kind {
                    Kind::Apply { x: own, .. } if !plan.alone => *own = x,
                    kind => {
                        let n = x.len();
                        *kind = Kind::Affine { x, scale: vec![1.0; n], shift: vec![0.0; n] };
                    }
                }
            }
            self.ops.push(op);
        }
        changed
    }

    fn clamp_plans(&mut self, ranges: &Ranges, saturating: bool, grid: i32) -> BTreeMap<SiteId, Plan> {
        let mut sites: BTreeMap<SiteId, (Function, Span, bool)> = BTreeMap::new();
        for op in &self.ops {
            if let Kind::Apply { function, x } = &op.kind {
                let span = ranges.of(x.iter().copied(), Some(*function));
                let integer = x.iter().all(|&v| self.is_integer(v));
                let own = sites.entry(op.site).or_insert((*function, span, integer));
                *own = (own.0, own.1.union(span), own.2 && integer);
            }
        }
        let mut plans = BTreeMap::new();
        for (id, (function, span, integer)) in sites {
            let (lo, hi) = function.saturation();
            let on_grid = |v: f64| (v * 2f64.powi(grid)).fract() == 0.0;
            let alone = matches!(function, Function::Clip(..)) && !(lo.is_none_or(on_grid) && hi.is_none_or(on_grid));
            let lo = lo.filter(|&l| (alone || saturating) && span.lo < l);
            let hi = hi.filter(|&h| (alone || saturating) && span.hi > h);
            if !alone && lo.is_none() && hi.is_none() {
                continue;
            }
            let integer = integer && lo.into_iter().chain(hi).all(|v| v.fract() == 0.0);
            let (name, shape) = (self.sites[id.index()].name.clone(), self.sites[id.index()].shape.clone());
            let lower = lo.map(|l| (l, self.new_site(&format!("{name}.lower"), "Max", &shape, integer)));
            let upper = hi.map(|h| {
                let part = |g: &mut Self, part, op| g.new_site(&format!("{name}.{part}"), op, &shape, integer);
                (h, [part(self, "negated", "Neg"), part(self, "upper", "Max"), part(self, "clamped", "Neg")])
            });
            plans.insert(id, Plan { lower, upper, alone });
        }
        plans
    }

    fn clamped(&mut self, mut x: Vec<ValueId>, plan: Plan) -> Vec<ValueId> {
        let n = x.len();
        if let Some((lo, site)) = plan.lower {
            x = self.at_least(x, lo, site);
            self.bound_below(&x, lo);
        }
        if let Some((hi, [negated, upper, clamped])) = plan.upper {
            let minus = self.affine(negated, x, vec![-1.0; n], vec![0.0; n]);
            let bounded = self.at_least(minus, -hi, upper);
            x = self.affine(clamped, bounded, vec![-1.0; n], vec![0.0; n]);
            self.bound_above(&x, hi);
            if let Some((lo, _)) = plan.lower {
                self.bound_below(&x, lo);
            }
        }
        x
    }

    fn at_least(&mut self, x: Vec<ValueId>, lo: f64, site: SiteId) -> Vec<ValueId> {
        let bound = self.constant(lo);
        self.max(site, 2, x.into_iter().flat_map(|v| [v, bound]).collect())
    }
}
