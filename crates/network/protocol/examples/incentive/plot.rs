//! The plot: each group's share over the epochs.

use std::fmt::Write;

use crate::network::{EPOCHS, GROUPS};

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 660.0;
const TOP: f64 = 30.0;
const BOTTOM: f64 = 370.0;

/// An SVG picture.
pub(crate) fn svg(shares: &[Vec<f64>]) -> String {
    let highest = shares.iter().flatten().copied().fold(0.0, f64::max);
    // Whole tenths.
    let top = (10.0 * highest).ceil().max(1.0) / 10.0;
    let x = |epoch: usize| LEFT + (RIGHT - LEFT) * epoch as f64 / (EPOCHS - 1) as f64;
    let y = |share: f64| BOTTOM - (BOTTOM - TOP) * share / top;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"13\" role=\"img\">\n\
         <title>Share of the pay of each group over {EPOCHS} epochs</title>\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n"
    );
    let steps = (10.0 * top).round() as usize;
    for step in 0..=steps {
        let at = y(step as f64 / 10.0);
        let _ = writeln!(out, "<path d=\"M{LEFT} {at:.1}H{RIGHT}\" stroke=\"#dddddd\"/>");
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{} %</text>",
            LEFT - 8.0,
            at + 4.0,
            10 * step
        );
    }
    for epoch in (0..EPOCHS).step_by(20).chain([EPOCHS - 1]) {
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            x(epoch),
            BOTTOM + 20.0,
            epoch + 1
        );
    }
    let middle = f64::midpoint(LEFT, RIGHT);
    let _ = writeln!(out, "<text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">epoch</text>", BOTTOM + 40.0);
    for (index, group) in GROUPS.iter().enumerate() {
        let points =
            shares.iter().enumerate().map(|(epoch, shares)| format!("{:.1},{:.1}", x(epoch), y(shares[index])));
        let points: Vec<String> = points.collect();
        let colour = group.colour;
        let _ = writeln!(
            out,
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"{}\"/>",
            points.join(" ")
        );
        let at = TOP + 22.0 * index as f64 + 10.0;
        let (from, to) = (RIGHT + 20.0, RIGHT + 40.0);
        let _ = writeln!(out, "<path d=\"M{from} {at:.1}H{to}\" stroke=\"{colour}\" stroke-width=\"3\"/>");
        let _ = writeln!(out, "<text x=\"{}\" y=\"{:.1}\">{}</text>", RIGHT + 48.0, at + 4.0, group.name);
    }
    out += "</svg>\n";
    out
}
