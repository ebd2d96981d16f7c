//! The size of a terminal.

/// Columns and rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
}

impl Size {
    /// The size that a terminal reports. What it does not know, which it reports as 0, is taken as
    /// that of an 80 × 24 terminal.
    pub(crate) fn reported(columns: u16, rows: u16) -> Self {
        let known = |size: u16, usual: usize| if size == 0 { usual } else { size.into() };
        Self { columns: known(columns, 80), rows: known(rows, 24) }
    }
}
