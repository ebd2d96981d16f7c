//! Orders: who decides the sequence of what happens in the room.

mod memory;

pub(crate) use memory::alone;
