//! A client that comes back: nothing is lost and nothing is doubled, wherever its connections are cut.

mod cuts;
mod link;
mod pretend;
mod rooms;
mod scripted;
