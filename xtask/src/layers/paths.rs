//! The modules that a source file names.
//!
//! A file is read as tokens and not parsed, since a macro's arguments are nothing but tokens, and
//! the paths in them count as well.

use std::iter::Peekable;
use std::path::Path;

use proc_macro2::token_stream::IntoIter;
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// The names in a path, from the crate's root on.
pub(crate) type Segments = Vec<String>;

/// Returns the module of a file, by its path below the source folder.
pub(crate) fn module_of(file: &Path) -> Segments {
    let file = file.with_extension("");
    let names = file.iter().map(|name| name.to_string_lossy().into_owned());
    names.filter(|name| !matches!(name.as_str(), "lib" | "main" | "mod")).collect()
}

/// Returns the paths in a module's text that begin with `crate` or `super`. Items under
/// `#[cfg(test)]` are left out.
pub(crate) fn used(text: &str, module: &[String]) -> Result<Vec<Segments>, String> {
    let tokens: TokenStream = text.parse().map_err(|error| format!("{error}"))?;
    let mut found = Vec::new();
    collect(tokens, module, &mut found);
    Ok(found)
}

type Tokens = Peekable<IntoIter>;

fn collect(tokens: TokenStream, module: &[String], found: &mut Vec<Segments>) {
    let mut tokens = tokens.into_iter().peekable();
    // The name after `mod`: the next braces are its module.
    let mut inner: Option<String> = None;
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(word) if word == "mod" => {
                inner = tokens.next_if(is_ident).map(|name| name.to_string());
            }
            TokenTree::Ident(word) if word == "crate" || word == "super" => {
                let base = if word == "crate" { &[] } else { parent(module) };
                if skip_colons(&mut tokens) {
                    path(base.to_vec(), &mut tokens, found);
                }
            }
            TokenTree::Punct(mark)
                if mark.as_char() == '#' && tokens.next_if(is_for_tests).is_some() =>
            {
                skip_item(&mut tokens);
            }
            TokenTree::Group(group) => {
                let module = module.iter().cloned().chain(inner.take()).collect::<Segments>();
                collect(group.stream(), &module, found);
            }
            TokenTree::Punct(mark) if mark.as_char() == ';' => inner = None,
            _ => {}
        }
    }
}

/// Reads the rest of a path that begins with `base`, and adds it.
fn path(mut base: Segments, tokens: &mut Tokens, found: &mut Vec<Segments>) {
    loop {
        match tokens.peek() {
            Some(TokenTree::Ident(name)) if name == "super" => {
                base.pop();
            }
            // In braces, `self` is the path before them.
            Some(TokenTree::Ident(name)) if name == "self" => {}
            Some(TokenTree::Ident(name)) => base.push(name.to_string()),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                return branches(&base, group, found);
            }
            // `*`, or the `<` of `::<T>`.
            _ => return found.push(base),
        }
        tokens.next();
        if !skip_colons(tokens) {
            return found.push(base);
        }
    }
}

/// Reads each of the paths in the braces after `base`.
fn branches(base: &[String], group: &Group, found: &mut Vec<Segments>) {
    let mut tokens = group.stream().into_iter().peekable();
    while tokens.peek().is_some() {
        path(base.to_vec(), &mut tokens, found);
        // Skip the comma, and `as name` before it.
        while tokens.next().is_some_and(|token| !is_mark(&token, ',')) {}
    }
}

fn parent(module: &[String]) -> &[String] {
    module.split_last().map_or(module, |(_, parent)| parent)
}

/// Skips `::` and returns whether it was next.
fn skip_colons(tokens: &mut Tokens) -> bool {
    tokens.next_if(|token| is_mark(token, ':')).is_some()
        && tokens.next_if(|token| is_mark(token, ':')).is_some()
}

/// Skips the item after an attribute: everything up to braces or a semicolon.
fn skip_item(tokens: &mut Tokens) {
    for token in tokens {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return,
            TokenTree::Punct(mark) if mark.as_char() == ';' => return,
            _ => {}
        }
    }
}

fn is_ident(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Ident(_))
}

fn is_mark(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark)
}

/// Returns whether an attribute's brackets are `[cfg(test)]`.
fn is_for_tests(token: &TokenTree) -> bool {
    let TokenTree::Group(group) = token else { return false };
    group.stream().to_string().replace(' ', "") == "cfg(test)"
}
