//! From data to drawings.

use std::fmt::Write as _;

use super::Axis;
use vouch_client::numbers::Numbers;

use crate::time::{clock, moment};

/// Side of the box that shapes are drawn in.
pub(super) const SIDE: f64 = 1000.0;

/// A shape in the box.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    /// A line or a set of dots.
    Path { class: String, d: String },
    /// A bar.
    Bar { class: &'static str, x: f64, y: f64, width: f64, height: f64 },
}

/// A value that can be pointed at.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Point {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) text: String,
}

/// A chart, ready to be shown. Places are shares of the width and height, counted from the lower left.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Drawing {
    pub(super) x_ticks: Vec<(f64, String)>,
    pub(super) y_ticks: Vec<(f64, String)>,
    pub(super) shapes: Vec<Shape>,
    pub(super) points: Vec<Point>,
    pub(super) legend: Vec<String>,
    pub(super) summary: String,
    pub(super) head: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Drawing {
    /// The value nearest to a place given from the upper left.
    pub(super) fn nearest(&self, x: f64, y: f64) -> Option<usize> {
        let distance = |point: &Point| (point.x - x).powi(2) * 4.0 + (1.0 - point.y - y).powi(2);
        (0..self.points.len()).min_by(|&a, &b| distance(&self.points[a]).total_cmp(&distance(&self.points[b])))
    }

    fn with_y(axis: &Axis, numbers: Numbers) -> Self {
        let tick = |(at, value, decimals): (f64, f64, usize)| (at, numbers.fixed(value, decimals));
        Self { y_ticks: axis.ticks().into_iter().map(tick).collect(), ..Self::default() }
    }
}

/// A named line: moments (Unix milliseconds) and values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Series {
    /// Its name.
    pub name: String,
    /// Its values, in time order.
    pub values: Vec<(f64, f64)>,
}

/// Lines over time.
pub(crate) fn lines(numbers: Numbers, series: &[Series], unit: &str, decimals: usize) -> Drawing {
    let all = || series.iter().flat_map(|series| series.values.iter());
    let y_axis = Axis::new(all().map(|value| value.1), true);
    let (from, to) =
        all().fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), value| (lo.min(value.0), hi.max(value.0)));
    let mut drawing = Drawing::with_y(&y_axis, numbers);
    if from > to {
        drawing.summary = "No values yet.".into();
        return drawing;
    }
    let width = (to - from).max(1.0);
    let x_at = |time: f64| if to > from { (time - from) / width } else { 0.5 };
    drawing.x_ticks = if to > from {
        let same_day = moment(from)[..10] == moment(to)[..10];
        let text = |time: f64| if same_day { clock(time) } else { moment(time)[5..16].to_owned() };
        vec![(0.0, text(from)), (0.5, text((from + to) / 2.0)), (1.0, text(to))]
    } else {
        vec![(0.5, clock(from))]
    };
    drawing.head = vec!["Time".into(), "Which".into(), unit_head("Value", unit)];
    for (index, series) in series.iter().enumerate() {
        let mut d = String::new();
        for (place, &(time, value)) in series.values.iter().enumerate() {
            let (x, y) = (x_at(time), y_axis.at(value));
            let letter = if place == 0 { 'M' } else { 'L' };
            let _ = write!(d, "{letter}{:.1} {:.1}", x * SIDE, (1.0 - y) * SIDE);
            let number = with_unit(numbers.fixed(value, decimals), unit);
            drawing.points.push(Point { x, y, text: format!("{}: {number} at {}", series.name, clock(time)) });
            drawing.rows.push(vec![moment(time), series.name.clone(), numbers.fixed(value, decimals)]);
        }
        if series.values.len() == 1 {
            d.push_str("h0");
        }
        drawing.shapes.push(Shape::Path { class: format!("series s{}", index % 4), d });
        drawing.legend.push(series.name.clone());
    }
    let latest: Vec<String> = series
        .iter()
        .filter_map(|series| {
            let last = series.values.last()?;
            Some(format!("{} {}", series.name, with_unit(numbers.fixed(last.1, decimals), unit)))
        })
        .collect();
    drawing.summary = format!("Latest: {}.", latest.join(", "));
    drawing
}

/// How often values fall into each of some equal intervals.
pub(crate) fn histogram(numbers: Numbers, values: &[f64], unit: &str, what: &str) -> Drawing {
    let x_axis = Axis::new(values.iter().copied(), false);
    let (lo, hi) = x_axis.ends();
    let count = 24.min(values.len().max(6));
    let mut bins = vec![0u64; count];
    for &value in values {
        let place = ((x_axis.at(value)) * count as f64) as usize;
        bins[place.min(count - 1)] += 1;
    }
    let y_axis = Axis::new(bins.iter().map(|&bin| bin as f64), true);
    let mut drawing = Drawing::with_y(&y_axis, numbers);
    drawing.y_ticks.retain(|(_, text)| !text.contains('.'));
    drawing.x_ticks =
        x_axis.ticks().into_iter().map(|(at, value, decimals)| (at, numbers.fixed(value, decimals))).collect();
    if let Some(last) = drawing.x_ticks.last_mut() {
        last.1 = with_unit(last.1.clone(), unit);
    }
    drawing.head = vec![unit_head("From", unit), unit_head("To", unit), what.to_owned()];
    let width = 1.0 / count as f64;
    for (index, &bin) in bins.iter().enumerate() {
        let x = index as f64 * width;
        let (from, to) = (lo + (hi - lo) * x, lo + (hi - lo) * (x + width));
        let height = y_axis.at(bin as f64);
        drawing.shapes.push(Shape::Bar {
            class: "bar",
            x: (x + width * 0.08) * SIDE,
            y: (1.0 - height) * SIDE,
            width: width * 0.84 * SIDE,
            height: height * SIDE,
        });
        let range = format!("{} to {}", numbers.auto(from), with_unit(numbers.auto(to), unit));
        let text = format!("{range}: {} {what}", numbers.count(bin));
        drawing.points.push(Point { x: x + width / 2.0, y: height, text });
        if bin > 0 {
            drawing.rows.push(vec![numbers.auto(from), numbers.auto(to), numbers.count(bin)]);
        }
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    drawing.summary = match sorted.get(sorted.len() / 2) {
        Some(&median) => {
            let (median, count) = (with_unit(numbers.auto(median), unit), numbers.count(sorted.len() as u64));
            format!("{count} {what}, half of them below {median}.")
        }
        None => "No values yet.".into(),
    };
    drawing
}

/// One bar for each of a few named values. A name with `!` before it is drawn as a refusal.
pub(crate) fn bars(numbers: Numbers, values: &[(String, f64)], unit: &str, decimals: usize) -> Drawing {
    let y_axis = Axis::new(values.iter().map(|value| value.1), true);
    let mut drawing = Drawing::with_y(&y_axis, numbers);
    drawing.head = vec!["Which".into(), unit_head("Value", unit)];
    let width = 1.0 / values.len().max(1) as f64;
    for (index, (name, value)) in values.iter().enumerate() {
        let (name, class) = match name.strip_prefix('!') {
            Some(name) => (name, "bar bad"),
            None => (name.as_str(), "bar"),
        };
        let x = index as f64 * width;
        let height = y_axis.at(*value);
        let thick = (width * 0.6).min(0.12);
        drawing.shapes.push(Shape::Bar {
            class,
            x: (x + (width - thick) / 2.0) * SIDE,
            y: (1.0 - height) * SIDE,
            width: thick * SIDE,
            height: height * SIDE,
        });
        drawing.x_ticks.push((x + width / 2.0, name.to_owned()));
        let number = with_unit(numbers.fixed(*value, decimals), unit);
        drawing.points.push(Point { x: x + width / 2.0, y: height, text: format!("{name}: {number}") });
        drawing.rows.push(vec![name.to_owned(), numbers.fixed(*value, decimals)]);
    }
    let all: Vec<String> = drawing.points.iter().map(|point| point.text.clone()).collect();
    drawing.summary = if all.is_empty() { "No values yet.".into() } else { format!("{}.", all.join(", ")) };
    drawing
}

/// Pairs of values.
pub(crate) fn scatter(numbers: Numbers, pairs: &[(f64, f64)], names: (&str, &str), unit: &str) -> Drawing {
    let axis = Axis::new(pairs.iter().flat_map(|pair| [pair.0, pair.1]), false);
    let mut drawing = Drawing::with_y(&axis, numbers);
    drawing.x_ticks =
        axis.ticks().into_iter().map(|(at, value, decimals)| (at, numbers.fixed(value, decimals))).collect();
    if let Some(last) = drawing.x_ticks.last_mut() {
        last.1 = with_unit(last.1.clone(), unit);
    }
    drawing.head = vec![unit_head(names.0, unit), unit_head(names.1, unit)];
    drawing.shapes.push(Shape::Path { class: "series s3".into(), d: "M0 1000L1000 0".into() });
    let mut d = String::new();
    for &(a, b) in pairs {
        let (x, y) = (axis.at(a), axis.at(b));
        let _ = write!(d, "M{:.1} {:.1}h0", x * SIDE, (1.0 - y) * SIDE);
        let (a, b) = (numbers.auto(a), numbers.auto(b));
        let text = format!("{} {}, {} {}", names.0, with_unit(a.clone(), unit), names.1, with_unit(b.clone(), unit));
        drawing.points.push(Point { x, y, text });
        drawing.rows.push(vec![a, b]);
    }
    drawing.shapes.push(Shape::Path { class: "dots".into(), d });
    let furthest = pairs.iter().map(|pair| (pair.0 - pair.1).abs()).fold(0.0, f64::max);
    let count = numbers.count(pairs.len() as u64);
    drawing.summary = format!("{count} values, the furthest apart by {}.", with_unit(numbers.auto(furthest), unit));
    drawing
}

/// The line of a small chart in a box of 100 by 30: values from left to right, the range from bottom to top.
pub(crate) fn spark_path(values: &[f64], range: (f64, f64)) -> String {
    let step = 96.0 / values.len().saturating_sub(1).max(1) as f64;
    let mut d = String::new();
    for (index, &value) in values.iter().enumerate() {
        let share = ((value - range.0) / (range.1 - range.0)).clamp(0.0, 1.0);
        let letter = if index == 0 { 'M' } else { 'L' };
        let y = 28.0 - 26.0 * if share.is_finite() { share } else { 0.0 };
        let _ = write!(d, "{letter}{:.1} {y:.1}", 2.0 + index as f64 * step);
    }
    if values.len() == 1 {
        d.push_str("h0");
    }
    d
}

fn with_unit(number: String, unit: &str) -> String {
    if unit.is_empty() { number } else { format!("{number}\u{a0}{unit}") }
}

fn unit_head(name: &str, unit: &str) -> String {
    if unit.is_empty() { name.to_owned() } else { format!("{name} ({unit})") }
}
