//! Whoever takes part in the room, whatever door it came through.

/// A member, as the round sees it.
pub(crate) trait Participant {
    /// Delivers what is pending to it. Returns whether it has got everything there is and stays in
    /// the round; if not, it sees to the rest itself and enters the round again when it has.
    fn take_part(&self) -> bool;
}
