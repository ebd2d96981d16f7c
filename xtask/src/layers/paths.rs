//! The modules that a source file names.
//!
//! The file is read as tokens, not parsed: the arguments of macros are tokens only, and a path in them
//! leads as far as any other.

use std::iter::Peekable;
use std::path::Path;

use proc_macro2::token_stream::IntoIter;
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// The names of a path's modules and items, from the crate's root on.
pub(crate) type Segments = Vec<String>;

/// The module that a file is, by its path below the folder of source.
pub(crate) fn module_of(file: &Path) -> Segments {
    let file = file.with_extension("");
    let names = file.iter().map(|name| name.to_string_lossy().into_owned());
    names.filter(|name| !matches!(name.as_str(), "lib" | "main" | "mod")).collect()
}

/// The paths from `crate` or `super` that a module's text has. What is compiled for tests only is
/// left out.
pub(crate) fn used(text: &str, module: &[String]) -> Result<Vec<Segments>, String> {
    let tokens: TokenStream = text.parse().map_err(|error| format!("{error}"))?;
    let mut found = Vec::new();
    collect(tokens, module, &mut found);
    Ok(found)
}

type Tokens = Peekable<IntoIter>;

fn collect(tokens: TokenStream, module: &[String], found: &mut Vec<Segments>) {
    let mut tokens = tokens.into_iter().peekable();
    // The name behind `mod`, whose braces are a module of their own.
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

/// Follows a path that has led to `base`, and adds where it leads.
fn path(mut base: Segments, tokens: &mut Tokens, found: &mut Vec<Segments>) {
    loop {
        match tokens.peek() {
            Some(TokenTree::Ident(name)) if name == "super" => {
                base.pop();
            }
            // `self` in braces is what the path has led to.
            Some(TokenTree::Ident(name)) if name == "self" => {}
            Some(TokenTree::Ident(name)) => base.push(name.to_string()),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                return branches(&base, group, found);
            }
            // `*`, or the brackets behind a type.
            _ => return found.push(base),
        }
        tokens.next();
        if !skip_colons(tokens) {
            return found.push(base);
        }
    }
}

/// Follows each of the paths in the braces behind `base`.
fn branches(base: &[String], group: &Group, found: &mut Vec<Segments>) {
    let mut tokens = group.stream().into_iter().peekable();
    while tokens.peek().is_some() {
        path(base.to_vec(), &mut tokens, found);
        // To behind the comma: there may be `as name`.
        while tokens.next().is_some_and(|token| !is_mark(&token, ',')) {}
    }
}

fn parent(module: &[String]) -> &[String] {
    module.split_last().map_or(module, |(_, parent)| parent)
}

/// Takes `::`, if it comes next.
fn skip_colons(tokens: &mut Tokens) -> bool {
    tokens.next_if(|token| is_mark(token, ':')).is_some()
        && tokens.next_if(|token| is_mark(token, ':')).is_some()
}

/// Takes what an attribute belongs to: all up to braces or a semicolon.
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
