//! A client that comes back: nothing is lost and nothing is doubled, wherever its connections are cut.

mod cuts;
mod hostile;
mod link;
mod manners;
mod pretend;
mod real;
mod rooms;
mod scripted;
pub(crate) mod torment;

use crate::simulation::choices;
