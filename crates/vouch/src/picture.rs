//! Pictures: where a layout's rows go, and how accurate a program is. SVG, without scripts or fonts of their own.

use std::fmt::Write;

use vouch_circuit::{CircuitParams, Estimate, Layout, Objective, Selection};
use vouch_compiler::CompileReport;
use vouch_program::Program;
use vouch_proving::plan;
use vouch_verifier::VerifierKey;

use crate::Model;

const FONT: &str = "font-family='ui-sans-serif,system-ui,sans-serif'";

/// A group of columns of one role that use the same rows.
struct Block {
    role: &'static str,
    colour: &'static str,
    columns: usize,
    used: usize,
}

/// The picture of the layout that a verifying key is for; none if this version would lay the program out in another way.
pub fn layout_of_key(model: &Model, key: &VerifierKey) -> Option<String> {
    let plan = plan(&model.program, 1, Objective::default(), Some(key.description().k)).ok()?;
    let params: CircuitParams = serde_json::from_str(&key.description().layout).ok()?;
    let own = Layout::new(&plan.program, &params).ok().filter(|_| params == plan.estimate.params)?;
    Some(layout(&model.manifest.name, &plan.program, &own, &plan.estimate))
}

/// Columns from left to right, rows from top to bottom; coloured where a row is used.
pub fn layout(name: &str, program: &Program, layout: &Layout, estimate: &Estimate) -> String {
    let p = &layout.params;
    let (usable, table) = (p.usable(), Layout::table_rows(program));
    let mut blocks = Vec::new();
    let mut add = |role, colour, columns, used| blocks.push(Block { role, colour, columns, used });
    for rows in &layout.linear {
        add("linear: limbs, slope, value", "#2f6f8f", p.linear_limbs + 2, rows.len());
        add("linear: running combination", "#7fb2c9", 1, rows.len());
    }
    for (lane, rows) in layout.product.iter().enumerate() {
        add("product: operands, limbs, values", "#8a5a9e", p.operands(lane) + p.product_limbs + 3, rows.len());
    }
    for rows in &layout.hash {
        add("hash: state, work", "#a8596b", 6, rows.len());
    }
    let committed = p.private_weights || p.virtual_weights;
    for lane in 0..p.matrix_lanes {
        let used =
            layout.pieces.iter().filter(|q| q.lane == lane).map(|q| (q.row + q.rows.len()).index()).max().unwrap_or(0);
        add("matrix: operand, running sum", "#b8862f", 2, used);
        let (role, columns) =
            if committed { ("matrix: combined weights", 1) } else { ("matrix: weights (fixed)", p.weight_columns) };
        add(role, "#e3c888", columns, used);
    }
    for lane in 0..p.select_lanes {
        let own = layout.selections.iter().filter(|s| s.at.lane == lane);
        let rows = |s: &Selection| program.matrices()[s.check.matrix].rows as usize + s.reads.len();
        let used = own.map(|s| s.at.row.index() + rows(s)).max().unwrap_or(0);
        add("select: index, value, running sum", "#6f7f3a", 3, used);
        add("select: combined weights", "#b9c58a", if committed { 1 } else { p.weight_columns }, used);
    }
    let advice_so_far: usize = p.linear_lanes * (p.linear_limbs + 3)
        + p.all_operands()
        + p.product_lanes * (p.product_limbs + 3)
        + 6 * p.hash_lanes
        + 2 * p.matrix_lanes
        + 3 * p.select_lanes
        + if committed { p.matrix_lanes + p.select_lanes } else { 0 };
    add("lookup: multiplicity, helpers, sum", "#4f8a5b", estimate.advice.saturating_sub(advice_so_far), usable);
    add("lookup: table (fixed)", "#a5cfae", 4, table);
    let columns: usize = blocks.iter().map(|b| b.columns).sum();
    let (left, top, width, height) = (60.0, 60.0, 840.0, 380.0);
    let (w, h) = (width / columns.max(1) as f64, height / p.n() as f64);
    let mut out = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 960 580' role='img'><title>Layout of {0}</title>\
         <rect width='960' height='580' fill='#fff'/>\
         <text x='{left}' y='32' {FONT} font-size='18' fill='#222'>{0}: {1} columns × 2^{2} rows, proof of {3} bytes</text>",
        escape(name),
        columns,
        p.k,
        estimate.proof_bytes
    );
    let mut x = left;
    let mut legend: Vec<(&str, &str, usize, usize)> = Vec::new();
    for b in &blocks {
        let _ = write!(
            out,
            "<rect x='{x:.2}' y='{top}' width='{0:.2}' height='{height}' fill='#eee' stroke='#fff' stroke-width='1'/>\
             <rect x='{x:.2}' y='{top}' width='{0:.2}' height='{1:.2}' fill='{2}' stroke='#fff' stroke-width='1'>\
             <title>{3}: {4} columns, {5} of {6} rows</title></rect>",
            b.columns as f64 * w,
            b.used as f64 * h,
            b.colour,
            b.role,
            b.columns,
            b.used,
            usable
        );
        x += b.columns as f64 * w;
        match legend.iter_mut().find(|l| l.0 == b.role) {
            Some(l) => {
                l.2 += b.columns;
                l.3 += b.columns * b.used;
            }
            None => legend.push((b.role, b.colour, b.columns, b.columns * b.used)),
        }
    }
    for (row, label) in [(0, "0".to_owned()), (usable, usable.to_string())] {
        let y = top + row as f64 * h;
        let _ = write!(
            out,
            "<text x='{}' y='{:.1}' {FONT} font-size='11' fill='#555' text-anchor='end'>{label}</text>",
            left - 6.0,
            y + 4.0
        );
    }
    let _ = write!(
        out,
        "<text x='18' y='{:.0}' {FONT} font-size='12' fill='#555' transform='rotate(-90 18 {:.0})' text-anchor='middle'>rows</text>",
        top + height / 2.0,
        top + height / 2.0
    );
    for (i, (role, colour, columns, cells)) in legend.iter().enumerate() {
        let (x, y) = (left + 450.0 * (i % 2) as f64, top + height + 30.0 + 24.0 * (i / 2) as f64);
        let percent = 100.0 * *cells as f64 / (columns * usable).max(1) as f64;
        let _ = write!(
            out,
            "<rect x='{x}' y='{:.0}' width='14' height='14' fill='{colour}'/>\
             <text x='{:.0}' y='{y:.0}' {FONT} font-size='12' fill='#222'>{role}: {columns} columns, {percent:.0} % used</text>",
            y - 12.0,
            x + 22.0
        );
    }
    out.push_str("</svg>\n");
    out
}

/// Float outputs against the program's, and their differences.
pub fn accuracy(report: &CompileReport) -> String {
    let points = &report.accuracy.scatter;
    let mut out = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 960 440' role='img'><title>Accuracy of {0}</title>\
         <rect width='960' height='440' fill='#fff'/>\
         <text x='60' y='32' {FONT} font-size='18' fill='#222'>{0}: program against float model, max error {1:.2e}, mean {2:.2e}</text>",
        escape(&report.model),
        report.accuracy.max_abs,
        report.accuracy.mean_abs
    );
    let xs: Vec<f64> = points.iter().map(|p| p.0).collect();
    let outputs: Vec<(f64, f64)> = points.clone();
    let errors: Vec<(f64, f64)> = points.iter().map(|p| (p.0, p.1 - p.0)).collect();
    panel(&mut out, 80.0, &outputs, "output of the float model", "output of the program", bounds(&xs));
    let e: Vec<f64> = errors.iter().map(|p| p.1).chain([0.0]).collect();
    panel(&mut out, 570.0, &errors, "output of the float model", "error (program − float)", bounds(&e));
    out.push_str("</svg>\n");
    out
}

fn bounds(v: &[f64]) -> (f64, f64) {
    let (lo, hi) = v.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(*x), b.max(*x)));
    if lo > hi {
        return (0.0, 1.0);
    }
    let pad = if hi > lo { 0.05 * (hi - lo) } else { hi.abs().max(1e-9) };
    (lo - pad, hi + pad)
}

fn panel(out: &mut String, left: f64, points: &[(f64, f64)], x_label: &str, y_label: &str, y: (f64, f64)) {
    let (top, width, height) = (60.0, 340.0, 310.0);
    let x = bounds(&points.iter().map(|p| p.0).collect::<Vec<_>>());
    let at =
        |p: (f64, f64)| (left + width * (p.0 - x.0) / (x.1 - x.0), top + height * (1.0 - (p.1 - y.0) / (y.1 - y.0)));
    let _ = write!(out, "<rect x='{left}' y='{top}' width='{width}' height='{height}' fill='none' stroke='#bbb'/>");
    for i in 0..=4 {
        let t = f64::from(i) / 4.0;
        let (vx, vy) = (x.0 + t * (x.1 - x.0), y.0 + t * (y.1 - y.0));
        let (px, py) = (left + t * width, top + (1.0 - t) * height);
        let _ = write!(
            out,
            "<line x1='{px:.1}' x2='{px:.1}' y1='{top}' y2='{0}' stroke='#eee'/><line x1='{left}' x2='{1}' y1='{py:.1}' y2='{py:.1}' stroke='#eee'/>\
             <text x='{px:.1}' y='{2}' {FONT} font-size='10' fill='#555' text-anchor='middle'>{3}</text>\
             <text x='{4}' y='{5:.1}' {FONT} font-size='10' fill='#555' text-anchor='end'>{6}</text>",
            top + height,
            left + width,
            top + height + 15.0,
            number(vx),
            left - 5.0,
            py + 3.0,
            number(vy)
        );
    }
    for p in points {
        let (px, py) = at(*p);
        let _ = write!(
            out,
            "<circle cx='{px:.1}' cy='{py:.1}' r='3' fill='#2f6f8f' fill-opacity='0.6'><title>{} → {}</title></circle>",
            p.0, p.1
        );
    }
    let _ = write!(
        out,
        "<text x='{:.0}' y='{:.0}' {FONT} font-size='12' fill='#222' text-anchor='middle'>{x_label}</text>\
         <text x='{3:.0}' y='{2:.0}' {FONT} font-size='12' fill='#222' text-anchor='middle' transform='rotate(-90 {3:.0} {2:.0})'>{y_label}</text>",
        left + width / 2.0,
        top + height + 36.0,
        top + height / 2.0,
        left - 58.0
    );
}

fn number(v: f64) -> String {
    if v == 0.0 || (0.01..10_000.0).contains(&v.abs()) { format!("{v:.3}") } else { format!("{v:.1e}") }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\'', "&#39;")
}
