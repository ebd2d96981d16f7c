//! Plots of the results, as SVG.

use std::ops::Range;
use std::path::Path;

use plotters::prelude::*;

use super::table::Table;
use super::workload::{DELIVERIES, MEMORY, QUANTILES};
use crate::shell::{Outcome, Tried};

const SIZE: (u32, u32) = (640, 400);
const FONT: &str = "sans-serif";
const COLORS: [RGBColor; 5] = [
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x55, 0x55, 0x55),
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0xcc, 0x79, 0xa7),
];

/// Labels of the vertical axis; a plot uses those in its range.
const ROUND: [f64; 12] = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0];

/// A plot with a curve for each program and logarithmic axes.
struct Plot {
    file: &'static str,
    title: String,
    across: &'static str,
    up: &'static str,
    /// Labels of the horizontal axis, by position.
    marks: Vec<(f64, String)>,
    /// The points of each program, in the order of the names.
    curves: Vec<Vec<(f64, f64)>>,
}

/// Draws a plot into a folder for each figure that the tables have.
pub(crate) fn draw(tables: &[Table], names: &[&'static str], folder: &Path) -> Outcome<()> {
    let plots = [
        by_members(tables, names, DELIVERIES, "deliveries.svg", "M deliveries/s"),
        by_members(tables, names, MEMORY, "memory.svg", "KiB per member"),
        latency(tables, names),
    ];
    for plot in plots.into_iter().flatten() {
        plot.draw(names, folder).tried(folder.join(plot.file).display())?;
    }
    Ok(())
}

/// Plots a figure by the size of the room; returns `None` if it was not measured.
fn by_members(
    tables: &[Table],
    names: &[&'static str],
    what: &str,
    file: &'static str,
    up: &'static str,
) -> Option<Plot> {
    let growing: Vec<&Table> = tables.iter().filter(|table| table.letter == 'e').collect();
    let place = |table: &Table| table.members as f64;
    let curve = |name: &&'static str| {
        let growing = growing.iter();
        let points = growing.filter_map(|table| Some((place(table), table.median(name, what)?)));
        // A logarithmic axis has no place for 0, less than a page.
        points.filter(|(_, value)| *value > 0.0).collect()
    };
    let marks = growing.iter().map(|table| (place(table), table.members.to_string())).collect();
    let curves = names.iter().map(curve).collect();
    let title = format!("{what}, as the room grows");
    (!growing.is_empty()).then_some(Plot { file, title, across: "members", up, marks, curves })
}

/// Plots the latencies of the smaller room; returns `None` if they were not measured.
fn latency(tables: &[Table], names: &[&'static str]) -> Option<Plot> {
    let light = tables.iter().find(|table| table.letter == 'c')?;
    // Each further nine of a quantile has the same distance.
    let place = |share: f64| 1.0 / (1.0 - share);
    let curve = |name: &&'static str| {
        let points = QUANTILES.into_iter();
        points.filter_map(|(what, share)| Some((place(share), light.median(name, what)?))).collect()
    };
    let marks =
        QUANTILES.into_iter().map(|(_, share)| (place(share), format!("{} %", share * 100.0)));
    Some(Plot {
        file: "latency.svg",
        title: format!("latency, {} members, 200 messages/s", light.members),
        across: "of all deliveries are not later than",
        up: "ms until heard",
        marks: marks.collect(),
        curves: names.iter().map(curve).collect(),
    })
}

impl Plot {
    fn draw(&self, names: &[&'static str], folder: &Path) -> Outcome<()> {
        let path = folder.join(self.file);
        let area = SVGBackend::new(&path, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let all = || self.curves.iter().flatten();
        // The right side has room for the names.
        let across = around(all().map(|(x, _)| *x), 1.5, 8.0);
        let up = around(all().map(|(_, y)| *y), 1.5, 1.5);
        let round = ROUND.into_iter().filter(|mark| up.contains(mark)).collect();
        let mut chart = ChartBuilder::on(&area)
            .caption(&self.title, (FONT, 18))
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(56)
            .build_cartesian_2d(
                across.log_scale().with_key_points(self.marks.iter().map(|(x, _)| *x).collect()),
                up.log_scale().with_key_points(round),
            )?;
        let mark = |x: &f64| {
            let known = self.marks.iter().find(|(place, _)| (place - x).abs() < 1e-6 * place);
            known.map(|(_, text)| text.clone()).unwrap_or_default()
        };
        chart
            .configure_mesh()
            .x_desc(self.across)
            .y_desc(self.up)
            .x_label_formatter(&mark)
            .label_style((FONT, 13))
            .light_line_style(TRANSPARENT)
            .draw()?;
        for ((name, curve), color) in names.iter().zip(&self.curves).zip(COLORS) {
            let width = if color == COLORS[0] { 3 } else { 1 };
            let style = color.stroke_width(width);
            chart
                .draw_series(LineSeries::new(curve.iter().copied(), style).point_size(3))?
                .label(*name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], style));
        }
        chart
            .configure_series_labels()
            .background_style(WHITE.mix(0.8))
            .border_style(BLACK.mix(0.3))
            .label_font((FONT, 13))
            .draw()?;
        Ok(area.present()?)
    }
}

/// Returns the range of the values, widened by a factor below and above.
fn around(values: impl Iterator<Item = f64> + Clone, below: f64, above: f64) -> Range<f64> {
    let least = values.clone().fold(f64::INFINITY, f64::min);
    let most = values.fold(0.0, f64::max);
    least / below..most * above
}
