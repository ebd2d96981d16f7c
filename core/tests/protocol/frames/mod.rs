//! The frames of a WebSocket: what RFC 6455 demands, wherever the network cuts, and members that
//! come by them.

mod conformance;
mod cuts;
mod members;
pub(crate) mod page;
mod sending;
