//! The results: figures of several programs, side by side.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

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

/// The figures of one run.
#[derive(Default)]
pub(crate) struct Measured {
    pub(crate) figures: Vec<Figure>,
    /// What was lost or arrived out of order, if anything was.
    pub(crate) lost: Option<String>,
    /// The share of a processor that the load used: near 1, it is the load that is measured.
    pub(crate) load: f64,
}

/// The figures of one workload. The first program is ours.
pub(crate) struct Table {
    pub(crate) title: String,
    /// The workload's letter, and its members.
    pub(crate) letter: char,
    pub(crate) members: usize,
    names: Vec<&'static str>,
    rows: Vec<Row>,
    lost: BTreeMap<usize, String>,
    load: f64,
}

struct Row {
    figure: Figure,
    /// By the program's index in the names.
    values: BTreeMap<usize, Vec<f64>>,
}

impl Table {
    pub(crate) fn new(
        title: String,
        (letter, members): (char, usize),
        names: Vec<&'static str>,
    ) -> Self {
        let (rows, lost) = (Vec::new(), BTreeMap::new());
        Self { title, letter, members, names, rows, lost, load: 0.0 }
    }

    /// Returns the median of a program's figures of that name.
    pub(crate) fn median(&self, name: &str, what: &str) -> Option<f64> {
        let place = self.names.iter().position(|known| *known == name)?;
        let row = self.rows.iter().find(|row| row.figure.what == what)?;
        row.values.get(&place).map(|values| median(values))
    }

    /// Adds the figures of one run of a program.
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
}

/// Writes the medians, and how many times better ours is.
impl Display for Table {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:<48}", self.title)?;
        for (place, name) in self.names.iter().enumerate() {
            let width = if place == 0 { 10 } else { 18 };
            write!(f, "{name:>width$}")?;
        }
        writeln!(f)?;
        for row in &self.rows {
            row.write(f, self.names.len())?;
        }
        for (place, lost) in &self.lost {
            writeln!(f, "  LOST by {}: {lost}", self.names[*place])?;
        }
        if self.load > 0.0 {
            writeln!(f, "  load: at most {:.0} % of a processor", self.load * 100.0)?;
        }
        Ok(())
    }
}

impl Row {
    fn write(&self, f: &mut Formatter<'_>, programs: usize) -> fmt::Result {
        let Figure { what, unit, more_is_better, .. } = self.figure;
        write!(f, "  {:<46}", format!("{what}, {unit}"))?;
        let own = self.values.get(&0).map(|values| median(values));
        for place in 0..programs {
            let width = if place == 0 { 10 } else { 18 };
            let cell = self.values.get(&place).map(|values| {
                let value = median(values);
                match own.filter(|_| place > 0) {
                    Some(own) if more_is_better => format!("{value:.2} ({:.2}×)", own / value),
                    Some(own) => format!("{value:.2} ({:.2}×)", value / own),
                    None => format!("{value:.2}"),
                }
            });
            write!(f, "{:>width$}", cell.as_deref().unwrap_or("-"))?;
        }
        writeln!(f)
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
