//! Whatever the README of an archive links to or shows is in the archive.

use std::path::Path;

use fs_err as fs;
use pulldown_cmark::{Event, Parser, Tag};

use super::super::contents::README;
use crate::shell::Outcome;

pub(super) fn check(folder: &Path) -> Outcome<()> {
    let readme = fs::read_to_string(folder.join(README))?;
    let targets = relative(&readme);
    if targets.is_empty() {
        return Err(format!("{README}: no link to a file at all").into());
    }
    match targets.iter().find(|target| !folder.join(target).is_file()) {
        Some(target) => Err(format!("{README} links to {target}, which is not there").into()),
        None => Ok(()),
    }
}

/// Returns the files that a Markdown text links to or shows, without URLs.
fn relative(text: &str) -> Vec<String> {
    let mut targets = Vec::new();
    for event in Parser::new(text) {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                targets.push(dest_url.into_string());
            }
            Event::Html(html) | Event::InlineHtml(html) => targets.extend(attributes(&html)),
            _ => {}
        }
    }
    for target in &mut targets {
        target.truncate(target.find('#').unwrap_or(target.len()));
    }
    targets.retain(|target| !target.is_empty() && !target.contains(':'));
    targets
}

/// Returns the link targets in a piece of HTML.
fn attributes(html: &str) -> impl Iterator<Item = String> {
    let starts = ["src=\"", "href=\""].into_iter().flat_map(|name| html.split(name).skip(1));
    starts.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_that_a_text_needs() {
        let text = "![a](a.svg)\n[b](b/b.txt \"title\") [c][c] <img src=\"d.png\"> [e](e.md#part)\n\
                    [x](#part) [x](https://x.invalid/x) <mailto:x@x.invalid> `[x](x)`\n\n    \
                    [x](x)\n\n[c]: c.md\n";
        assert_eq!(relative(text), ["a.svg", "b/b.txt", "c.md", "d.png", "e.md"]);
    }

    #[test]
    fn a_picture_that_is_missing_is_found() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(README), "![a](a.svg)").unwrap();
        let error = check(folder.path()).unwrap_err().to_string();
        assert!(error.contains("a.svg"), "{error}");
        fs::write(folder.path().join("a.svg"), "").unwrap();
        check(folder.path()).unwrap();
    }
}
