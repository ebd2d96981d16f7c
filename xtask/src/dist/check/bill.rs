//! The bill of materials names exactly what is linked.

use std::collections::BTreeSet;
use std::path::Path;

use fs_err as fs;
use serde_json::Value;

use super::super::build::{FEATURES, Place};
use super::super::release::Release;
use super::super::target::Target;
use crate::shell::{Outcome, Tried, output};

pub(super) fn check(
    place: &Place,
    release: &Release,
    targets: &[Target],
    out: &Path,
) -> Outcome<()> {
    let path = out.join(release.bill());
    let bill: Value = serde_json::from_slice(&fs::read(&path)?).tried(path.display())?;
    let components =
        bill["components"].as_array().ok_or("the bill of materials has no components")?;
    let components = components.iter().chain([&bill["metadata"]["component"]]);
    let references = components.filter_map(|component| component["bom-ref"].as_str());
    let packages = references.filter_map(|reference| reference.strip_prefix("pkg:cargo/"));
    let named: BTreeSet<String> = packages.map(str::to_owned).collect();

    let linked = linked(place, targets)?;
    if named == linked {
        return Ok(());
    }
    let differing: Vec<&String> = named.symmetric_difference(&linked).collect();
    Err(format!("{} and `cargo tree` differ in {differing:?}", release.bill()).into())
}

/// Returns the packages that are linked for any of `targets`, by cargo's account: `name@version`.
pub(super) fn linked(place: &Place, targets: &[Target]) -> Outcome<BTreeSet<String>> {
    let mut linked = BTreeSet::new();
    for target in targets {
        let mut tree = place.cargo();
        tree.args(["tree", "--package", "chat", "--edges", "normal,no-proc-macro"]);
        tree.args(FEATURES);
        tree.args(["--target", target.triple(), "--prefix", "none", "--format", "{p}"]);
        for line in output(&mut tree)?.lines() {
            // `name v1.2.3`, followed by the folder if it is not from a registry.
            let mut words = line.split(' ');
            if let (Some(name), Some(version)) = (words.next(), words.next()) {
                linked.insert(format!("{name}@{}", version.trim_start_matches('v')));
            }
        }
    }
    Ok(linked)
}
