//! The bill of materials of the executables (CycloneDX 1.6, JSON).
//!
//! See <https://cyclonedx.org/docs/1.6/json/>.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId, TargetKind};
use fs_err as fs;
use serde_json::{Value, json};
use tz::UtcDateTime;

use super::build::{FEATURES, Place};
use super::release::Release;
use super::target::Target;
use crate::shell::{Outcome, Tried, output, rustc};

/// Returns the bill of materials of the executables for all of `targets`.
pub(crate) fn sbom(place: &Place, release: &Release, targets: &[Target]) -> Outcome<String> {
    let checksums = checksums(place)?;
    let mut components = BTreeMap::new();
    let mut dependencies: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut chat = Value::Null;
    for target in targets {
        let metadata = metadata(place, *target)?;
        for (package, needed) in linked(&metadata)? {
            let reference = reference(package);
            let component = component(package, checksums.get(&key(package)));
            if package.name.as_str() == "chat" {
                chat = component;
            } else {
                components.insert(reference.clone(), component);
            }
            dependencies.entry(reference).or_default().extend(needed);
        }
    }
    let chat_needs = dependencies.entry(chat["bom-ref"].as_str().unwrap_or_default().to_owned());
    chat_needs.or_default().insert("rust-std".to_owned());
    dependencies.insert("rust-std".to_owned(), BTreeSet::from(["musl".to_owned()]));
    dependencies.insert("musl".to_owned(), BTreeSet::new());
    components.extend(of_rust(place)?);
    let time = i64::try_from(release.time)?;
    let bom = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": UtcDateTime::from_timespec(time, 0)?.to_string(),
            "lifecycles": [{ "phase": "build" }],
            "component": chat,
        },
        "components": components.values().collect::<Vec<_>>(),
        "dependencies": dependencies
            .iter()
            .map(|(reference, needed)| json!({ "ref": reference, "dependsOn": needed }))
            .collect::<Vec<_>>(),
    });
    Ok(format!("{bom:#}\n"))
}

fn metadata(place: &Place, target: Target) -> Outcome<Metadata> {
    let platform = ["--locked", "--filter-platform", target.triple()];
    let options: Vec<String> = platform.into_iter().chain(FEATURES).map(str::to_owned).collect();
    MetadataCommand::new()
        .manifest_path(place.source.join("app/Cargo.toml"))
        .env("CARGO_HOME", &place.cargo_home)
        .other_options(options)
        .exec()
        .tried("cargo metadata")
}

/// Returns the packages that the executable is linked from, each with its own dependencies. Those
/// that only run during the build, such as procedural macros, are left out.
fn linked(metadata: &Metadata) -> Outcome<Vec<(&Package, Vec<String>)>> {
    let resolve = metadata.resolve.as_ref().ok_or("cargo metadata: no dependency graph")?;
    let chat = metadata.packages.iter().find(|package| package.name.as_str() == "chat");
    let mut found: Vec<(&Package, Vec<String>)> = Vec::new();
    let mut wanted: Vec<&PackageId> = vec![&chat.ok_or("cargo metadata: no package chat")?.id];
    let mut seen: BTreeSet<&PackageId> = wanted.iter().copied().collect();
    while let Some(id) = wanted.pop() {
        let node = resolve
            .nodes
            .iter()
            .find(|node| node.id == *id)
            .ok_or("cargo metadata: an incomplete dependency graph")?;
        let mut needed = Vec::new();
        for dependency in &node.deps {
            let is_normal =
                dependency.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal);
            let package = &metadata[&dependency.pkg];
            if is_normal && !is_macro(package) {
                needed.push(reference(package));
                if seen.insert(&dependency.pkg) {
                    wanted.push(&dependency.pkg);
                }
            }
        }
        found.push((&metadata[id], needed));
    }
    Ok(found)
}

fn is_macro(package: &Package) -> bool {
    package.targets.iter().any(|target| target.kind.contains(&TargetKind::ProcMacro))
}

/// Returns the package URL, by which all tools know it
/// (<https://github.com/package-url/purl-spec>).
fn reference(package: &Package) -> String {
    format!("pkg:cargo/{}@{}", package.name, package.version)
}

fn component(package: &Package, checksum: Option<&String>) -> Value {
    let is_chat = package.name.as_str() == "chat";
    let mut component = json!({
        "type": if is_chat { "application" } else { "library" },
        "bom-ref": reference(package),
        "name": package.name.as_str(),
        "version": package.version.to_string(),
    });
    let mut set = |field: &str, value: Value| component[field] = value;
    if package.source.is_some() {
        set("purl", reference(package).into());
    }
    if let Some(checksum) = checksum {
        set("hashes", json!([{ "alg": "SHA-256", "content": checksum }]));
    }
    if let Some(license) = &package.license {
        // Older packages write `MIT/Apache-2.0`, which SPDX does not know.
        set("licenses", json!([{ "expression": license.replace('/', " OR ") }]));
    }
    if let Some(repository) = &package.repository {
        set("externalReferences", json!([{ "type": "vcs", "url": repository }]));
    }
    component
}

/// Returns the components that Rust adds: its standard library, with all that this is built from
/// (packages of its own, LLVM's libunwind), and the C library. Rust's version determines both.
fn of_rust(place: &Place) -> Outcome<Vec<(String, Value)>> {
    let version = output(rustc().current_dir(&place.source).arg("--version"))?;
    let version = version.split(' ').nth(1).ok_or("rustc --version: no version")?;
    let std = json!({
        "type": "library",
        "bom-ref": "rust-std",
        "name": "rust-std",
        "version": version,
        "purl": format!("pkg:github/rust-lang/rust@{version}"),
        "licenses": [{ "expression": "MIT OR Apache-2.0" }],
        "externalReferences": [{ "type": "vcs", "url": "https://github.com/rust-lang/rust" }],
    });
    let musl = json!({
        "type": "library",
        "bom-ref": "musl",
        "name": "musl",
        "description": format!("as it comes with Rust {version}"),
        "licenses": [{ "expression": "MIT" }],
        "externalReferences": [{ "type": "website", "url": "https://musl.libc.org" }],
    });
    Ok(vec![("rust-std".to_owned(), std), ("musl".to_owned(), musl)])
}

type Key = (String, String);

fn key(package: &Package) -> Key {
    (package.name.to_string(), package.version.to_string())
}

/// Returns the checksums of the packages' sources, which cargo has verified.
fn checksums(place: &Place) -> Outcome<BTreeMap<Key, String>> {
    let lock = fs::read_to_string(place.source.join("Cargo.lock"))?;
    let lock: toml::Table = lock.parse().tried("Cargo.lock")?;
    let packages =
        lock.get("package").and_then(toml::Value::as_array).ok_or("Cargo.lock: no packages")?;
    let text = |package: &toml::Value, field| {
        package.get(field).and_then(toml::Value::as_str).map(str::to_owned)
    };
    let sum_of = |package| {
        Some(((text(package, "name")?, text(package, "version")?), text(package, "checksum")?))
    };
    Ok(packages.iter().filter_map(sum_of).collect())
}
