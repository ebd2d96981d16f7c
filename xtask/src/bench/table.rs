//! What came of it: figures of several programs, side by side.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::shell::say;

/// A figure, and whether more of it is better.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Figure {
    what: &'static str,
    unit: &'static str,
    value: f64,
    more_is_better: bool,
}

impl Figure {
    pub(crate) fn more(what: &'static str, unit: &'static str, value: f64) -> Self {
        Self { what, unit, value, more_is_better: true }
    }

    pub(crate) fn less(what: &'static str, unit: &'static str, value: f64) -> Self {
        Self { what, unit, value, more_is_better: false }
    }
}

/// What one run came to.
#[derive(Default)]
pub(crate) struct Measured {
    pub(crate) figures: Vec<Figure>,
    /// What was lost or came in another order, if anything was.
    pub(crate) lost: Option<String>,
    /// How much of a processor the load took: near 1 it is the load that is measured.
    pub(crate) load: f64,
}

/// The figures of one workload. The first program is ours.
pub(crate) struct Table {
    title: String,
    names: Vec<&'static str>,
    rows: Vec<Row>,
    lost: BTreeMap<usize, String>,
    load: f64,
}

struct Row {
    figure: Figure,
    /// By the program's place among the names.
    values: BTreeMap<usize, Vec<f64>>,
}

impl Table {
    pub(crate) fn new(title: String, names: Vec<&'static str>) -> Self {
        Self { title, names, rows: Vec::new(), lost: BTreeMap::new(), load: 0.0 }
    }

    /// Adds what a run of a program came to.
    pub(crate) fn add(&mut self, name: &str, measured: Measured) {
        let Some(place) = self.names.iter().position(|known| *known == name) else { return };
        for figure in measured.figures {
            let row = self.rows.iter().position(|row| row.figure.what == figure.what);
            let row = row.unwrap_or_else(|| {
                self.rows.push(Row { figure, values: BTreeMap::new() });
                self.rows.len() - 1
            });
            self.rows[row].values.entry(place).or_default().push(figure.value);
        }
        self.load = self.load.max(measured.load);
        if let Some(lost) = measured.lost {
            self.lost.insert(place, lost);
        }
    }

    /// Prints the medians, and how many times better ours is.
    pub(crate) fn print(&self) {
        let mut head = format!("\n{:<48}", self.title);
        for (place, name) in self.names.iter().enumerate() {
            let width = if place == 0 { 10 } else { 18 };
            let _ = write!(head, "{name:>width$}");
        }
        say(&head);
        for row in &self.rows {
            say(&row.line(self.names.len()));
        }
        for (place, lost) in &self.lost {
            say(&format!("  LOST by {}: {lost}", self.names[*place]));
        }
        if self.load > 0.0 {
            say(&format!("  load: at most {:.0} % of a processor", self.load * 100.0));
        }
    }
}

impl Row {
    fn line(&self, programs: usize) -> String {
        let Figure { what, unit, more_is_better, .. } = self.figure;
        let mut line = format!("  {:<46}", format!("{what}, {unit}"));
        let own = self.values.get(&0).map_or(f64::NAN, |values| median(values));
        for place in 0..programs {
            let width = if place == 0 { 10 } else { 18 };
            let cell = self.values.get(&place).map(|values| {
                let value = median(values);
                let ratio = if more_is_better { own / value } else { value / own };
                if place == 0 {
                    format!("{value:.2}")
                } else {
                    format!("{value:.2} ({ratio:.2}×)")
                }
            });
            let _ = write!(line, "{:>width$}", cell.as_deref().unwrap_or("-"));
        }
        line
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
