//! A member: what the room knows of one peer.

use alloc::boxed::Box;

use slotmap::{DefaultKey, SlotMap};

use crate::allowance::Allowance;
use crate::framing::Framer;
use crate::id::{MemberId, Who};
use crate::notice;
use crate::reader::Reader;
use crate::time::Instant;

/// One peer, from its joining until its connection is gone.
pub(crate) struct Member {
    pub(crate) reader: Reader,
    pub(crate) framer: Framer,
    /// What stands before its messages; its address is inside.
    pub(crate) label: Box<str>,
    /// Whether a `Timer::Silence` of it is set.
    pub(crate) has_silence_timer: bool,
    /// What it may say while the room waits.
    pub(crate) allowance: Allowance,
}

impl Member {
    /// One that joins at `now`.
    pub(crate) fn new(now: Instant, reader: Reader, label: Box<str>) -> Self {
        Self {
            reader,
            framer: Framer::default(),
            label,
            has_silence_timer: false,
            allowance: Allowance::new(now),
        }
    }

    pub(crate) fn address(&self) -> &str {
        notice::address(&self.label)
    }

    /// The most bytes by which the log grows for a byte of its input, if `max_line` is at least
    /// `limits::MIN_LINE`; a message begun earlier comes on top.
    ///
    /// A byte becomes at most three (a control's picture, a replacement). A line needs two bytes
    /// of input at least (one of text and the newline; or, where a long message is cut, two pieces
    /// together hold almost `max_line` bytes) and adds a label and a newline.
    pub(crate) fn growth(&self) -> usize {
        3 + (self.label.len() + 1).div_ceil(2)
    }
}

/// All who read the room.
pub(crate) struct Roster {
    /// `None` once it is closed.
    console: Option<Reader>,
    members: SlotMap<DefaultKey, Member>,
}

impl Roster {
    pub(crate) fn new(console: Reader) -> Self {
        Self { console: Some(console), members: SlotMap::new() }
    }

    pub(crate) fn insert(&mut self, member: Member) -> MemberId {
        MemberId::new(self.members.insert(member))
    }

    pub(crate) fn get(&self, id: MemberId) -> Option<&Member> {
        self.members.get(id.key())
    }

    pub(crate) fn get_mut(&mut self, id: MemberId) -> Option<&mut Member> {
        self.members.get_mut(id.key())
    }

    /// A member that has not left.
    pub(crate) fn present(&self, id: MemberId) -> Option<&Member> {
        self.get(id).filter(|member| !member.reader.has_ended())
    }

    /// A member that has not left.
    pub(crate) fn present_mut(&mut self, id: MemberId) -> Option<&mut Member> {
        self.get_mut(id).filter(|member| !member.reader.has_ended())
    }

    pub(crate) fn reader_mut(&mut self, who: Who) -> Option<&mut Reader> {
        match who {
            Who::Console => self.console.as_mut(),
            Who::Member(id) => self.get_mut(id).map(|member| &mut member.reader),
        }
    }

    /// Removes a reader for good.
    pub(crate) fn remove(&mut self, who: Who) -> Option<Reader> {
        match who {
            Who::Console => self.console.take(),
            Who::Member(id) => self.members.remove(id.key()).map(|member| member.reader),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a member costs at rest: its place in the roster (with slotmap's version), its label,
    /// and its entry in the pressure's watch.
    #[test]
    fn a_member_costs_well_under_500_bytes() {
        let watch_entry = size_of::<(u64, Who)>();
        let cost = size_of::<Member>() + size_of::<u64>() + notice::MAX_LABEL + watch_entry;
        assert!(cost < 350, "{cost}");
    }
}
