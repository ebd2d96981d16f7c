//! `cargo xtask layers`: no module uses one that is above it.
//!
//! | module | noun |
//! |---|---|
//! | `table` | which modules may use which |
//! | `paths` | the modules that a source file names |

mod paths;
mod table;

use std::path::{Path, PathBuf};

use argh::FromArgs;
use fs_err as fs;

use crate::shell::{Outcome, Tried, root, say};
use table::Table;

/// Check that the modules of the core and of the executable use only what is below them, by
/// ci/core-layers.txt and ci/app-layers.txt.
#[derive(FromArgs)]
#[argh(subcommand, name = "layers")]
pub(crate) struct Layers {}

/// The source folders and their tables.
const CRATES: [(&str, &str); 2] =
    [("core/src", "ci/core-layers.txt"), ("app/src", "ci/app-layers.txt")];

impl Layers {
    pub(crate) fn run(&self) -> Outcome<()> {
        for (source, table) in CRATES {
            let text = fs::read_to_string(root().join(table))?;
            let wrong = wrong(&root().join(source), &Table::parse(&text).tried(table)?)?;
            if !wrong.is_empty() {
                return Err(format!("{table} does not allow:\n{}", wrong.join("\n")).into());
            }
            say(&format!("The modules of {source} use only what {table} allows."));
        }
        Ok(())
    }
}

/// Returns a line for each use in the files below `source` that the table does not allow.
fn wrong(source: &Path, table: &Table) -> Outcome<Vec<String>> {
    let mut wrong = Vec::new();
    for file in files(source)? {
        let relative = file.strip_prefix(source)?;
        let module = paths::module_of(relative);
        let from = module.first().map(String::as_str);
        // The root may use all.
        let Some(from) = from else { continue };
        if !table.has(from) {
            wrong.push(format!(
                "  {}: a module {from}, of which it says nothing",
                relative.display()
            ));
            continue;
        }
        let text = fs::read_to_string(&file)?;
        for path in paths::used(&text, &module).tried(file.display())? {
            let to = path.first().map_or("the whole crate", String::as_str);
            if to != from && !table.allows(from, to) {
                let path = path.join("::");
                wrong.push(format!("  {}: {from} -> {to} (crate::{path})", relative.display()));
            }
        }
    }
    Ok(wrong)
}

/// Returns the source files in a folder and its subfolders, sorted, without those of tests.
fn files(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        entries.push(entry?.path());
    }
    entries.sort();
    for path in entries {
        if path.file_stem().is_some_and(|name| name == "tests") {
            continue;
        }
        if path.is_dir() {
            files.extend(self::files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "low:\nmiddle: low\nhigh: middle low\n";

    /// A crate whose `low/mod.rs` is that text, checked.
    fn checked(low: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in [
            ("lib.rs", "mod high; mod low; mod middle; pub use high::High;"),
            ("high.rs", "use crate::{low::Low, middle}; use super::middle::Middle;"),
            ("low/mod.rs", low),
            ("low/part.rs", "use super::Low; use self::inner::Inner;"),
            ("low/tests.rs", "use crate::high::High;"),
            ("middle.rs", "pub struct Middle(crate::low::Low);"),
        ] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        wrong(folder.path(), &Table::parse(TABLE).unwrap()).unwrap()
    }

    #[test]
    fn arrows_that_lead_down_are_allowed() {
        assert_eq!(checked("mod part; use std::fmt; pub struct Low;"), [""; 0]);
    }

    #[test]
    fn an_arrow_that_leads_up_is_refused() {
        for (low, path) in [
            ("use crate::high::High;", "high::High"),
            ("use super::high::High;", "high::High"),
            ("use crate::{low::part, high::{self, High}};", "high"),
            ("fn f() { crate::high::f(1) }", "high::f"),
            ("fn f() -> Vec<super::high::High> { vec![] }", "high::High"),
            ("fn f() { assert!(crate::high::f()) }", "high::f"),
            ("mod inner { use super::super::high::High; }", "high::High"),
            ("macro_rules! m { () => { $crate::high::f() } }", "high::f"),
        ] {
            let wrong = checked(low);
            let expected = format!("  low/mod.rs: low -> high (crate::{path})");
            assert_eq!(wrong.first(), Some(&expected), "{low}");
        }
    }

    #[test]
    fn the_root_is_no_way_around() {
        assert_eq!(checked("use crate::High;"), ["  low/mod.rs: low -> High (crate::High)"]);
        let all = "  low/mod.rs: low -> the whole crate (crate::)";
        assert_eq!(checked("use crate::*;"), [all]);
        assert_eq!(checked("use super::*;"), [all]);
    }

    #[test]
    fn tests_and_documentation_may_look_up() {
        let low = "//! [`crate::high`]\n/// See crate::high::High.\n#[cfg(test)]\n\
                   use crate::high::High;\n#[cfg(test)]\nmod tests { use crate::high::High; }";
        assert_eq!(checked(low), [""; 0]);
        assert_eq!(checked("#[cfg(test)] mod t {} use crate::high::High;").len(), 1);
    }

    #[test]
    fn a_module_without_a_line_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("new.rs"), "").unwrap();
        let wrong = wrong(folder.path(), &Table::parse(TABLE).unwrap()).unwrap();
        assert_eq!(wrong, ["  new.rs: a module new, of which it says nothing"]);
    }

    #[test]
    fn the_tables_can_be_read() {
        for (_, table) in CRATES {
            Table::parse(&fs::read_to_string(root().join(table)).unwrap()).unwrap();
        }
    }
}
