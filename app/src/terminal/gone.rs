//! What has left a screen that became lower: rows of the draft that nobody can take back.

use super::layout::Row;

/// Rows of the draft that stand above the screen.
pub(super) struct Gone {
    /// The last of them.
    last: String,
    /// Bytes of all rows up to its end. That is the same for rows of another width.
    until: usize,
}

impl Gone {
    /// Returns which of the rows on the terminal are gone if it has lost so many of its own at the
    /// top; `None` if none is, as a whole. `before` are the bytes of the rows that were not shown.
    pub(super) fn of(
        painted: &[Row],
        before: usize,
        lost: usize,
        height: impl Fn(&Row) -> usize,
    ) -> Option<Self> {
        let (mut rows, mut until) = (0, before);
        let mut last = None;
        for row in painted {
            rows += height(row);
            if rows > lost {
                break;
            }
            until += row.text.len();
            last = Some(row);
        }
        Some(Self { last: last?.text.clone(), until })
    }

    /// Returns how many of `rows` are gone, the last of them perhaps in part: none once their text
    /// has changed.
    pub(super) fn count(&self, rows: &[Row]) -> usize {
        let text: String = rows.iter().map(|row| row.text.as_str()).collect();
        if text.get(..self.until).is_none_or(|text| !text.ends_with(&self.last)) {
            return 0;
        }
        let mut start = 0;
        rows.iter()
            .take_while(|row| {
                let is_gone = start < self.until;
                start += row.text.len();
                is_gone
            })
            .count()
    }
}
