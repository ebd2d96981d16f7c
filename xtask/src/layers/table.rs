//! Which modules may use which.

use std::collections::BTreeMap;

/// The modules at the top of a crate, each with those that it may use.
pub(crate) struct Table(BTreeMap<String, Vec<String>>);

impl Table {
    /// Reads lines `module: other modules`; those that begin with `#` are comments.
    ///
    /// # Errors
    ///
    /// A line of another form, a module that has two or, though it is used, none; and modules that
    /// may use each other in a circle.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut modules = BTreeMap::new();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (module, used) = line.split_once(':').ok_or_else(|| format!("no colon: {line}"))?;
            let used = used.split_whitespace().map(str::to_owned).collect();
            if modules.insert(module.to_owned(), used).is_some() {
                return Err(format!("{module} has two lines"));
            }
        }
        let table = Self(modules);
        for (module, used) in &table.0 {
            if let Some(used) = used.iter().find(|used| !table.has(used)) {
                return Err(format!("{module} may use {used}, which has no line"));
            }
            if table.reaches(module, module) {
                return Err(format!("{module} may use itself, through others"));
            }
        }
        Ok(table)
    }

    pub(crate) fn has(&self, module: &str) -> bool {
        self.0.contains_key(module)
    }

    pub(crate) fn allows(&self, from: &str, to: &str) -> bool {
        self.0.get(from).is_some_and(|used| used.iter().any(|used| used == to))
    }

    /// Returns whether arrows lead from one module to the other, over however many.
    fn reaches(&self, from: &str, to: &str) -> bool {
        let mut seen = Vec::new();
        let mut waiting = vec![from];
        while let Some(module) = waiting.pop() {
            for used in self.0.get(module).into_iter().flatten() {
                if used == to {
                    return true;
                }
                if !seen.contains(&used) {
                    seen.push(used);
                    waiting.push(used);
                }
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_listed_is_allowed() {
        let table = Table::parse("# a comment\n\na:\nb: a\nc: b\n").unwrap();
        assert!(table.allows("b", "a"));
        assert!(!table.allows("a", "b"));
        assert!(!table.allows("c", "a"), "an arrow is not two");
        assert!(!table.allows("d", "a"));
    }

    #[test]
    fn circles_are_refused() {
        for circle in ["a: a\n", "a: b\nb: a\n", "a: b\nb: c\nc: d a\nd:\n"] {
            let error = Table::parse(circle).err().unwrap();
            assert!(error.ends_with("may use itself, through others"), "{error}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(Table::parse("a b\n").err().unwrap(), "no colon: a b");
        assert_eq!(Table::parse("a:\na:\n").err().unwrap(), "a has two lines");
        assert_eq!(Table::parse("a: b\n").err().unwrap(), "a may use b, which has no line");
    }
}
