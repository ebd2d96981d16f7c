//! Whoever takes part in the room, whatever door it came through.

use std::rc::Rc;

use chat_core::MemberId;

/// A member, as the hub and the round see it.
pub(crate) trait Participant {
    /// Delivers what is pending to it. Returns whether it has got everything there is and stays in
    /// the round; if not, it sees to the rest itself and enters the round again when it has.
    fn take_part(&self) -> bool;

    /// Is told what the core wants of this member alone.
    fn call(self: Rc<Self>, call: Call);

    /// Goes on as another member, which has come back.
    fn become_member(&self, id: MemberId);
}

/// What the core wants of one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// Try to read from it, and say so if there is nothing.
    Listen,
    /// Deliver to it, although the log may not have grown.
    Deliver,
    /// Read nothing more, deliver what is pending, and close.
    Close,
    /// Another connection goes on as this member: close at once, and say nothing of it.
    Replace,
}
