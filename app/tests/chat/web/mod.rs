//! The door of browsers, over plain sockets: what it gives, to whom, and how it stands its ground.
//!
//! The page itself, in a browser, is not looked at here.

mod client;
mod closing;
mod crowd;
mod foreign;
mod heads;
mod invitation;
mod members;
mod page;
mod rules;

use client::{Got, Page, Web};
