//! Members that come back on any server of a room.

mod moves;
mod servers;
