//! One who sees the room, and what is known of it from outside.

use std::time::Duration;

use chat_core::{Instant, Limits, MemberId, ReaderId};

use super::choices::Choices;
use super::screen::Screen;
use super::talk::Talk;

/// Whether so many bytes are far. While the room waits for another, five eighths are.
pub(crate) fn is_far_behind(bytes: u64, limits: &Limits) -> bool {
    bytes >= limits.backlog as u64 * 5 / 8
}

/// One who sees the room.
pub(crate) struct Peer {
    pub(crate) reader: ReaderId,
    /// `None` for an observer.
    pub(crate) id: Option<MemberId>,
    pub(crate) talk: Talk,
    /// Bytes that it takes at once, at the most: what its socket holds.
    pub(crate) buffer: usize,
    /// Whether it reads at all just now.
    pub(crate) is_stalled: bool,
    pub(crate) screen: Screen,
    /// Whether the room has told that something may be pending, since it had nothing.
    pub(crate) is_awake: bool,
    /// Whether it was not read from, and the room has not told since that it may be.
    pub(crate) was_refused: bool,
    /// Since when nothing is taken from it.
    pub(crate) refused_since: Option<Instant>,
    /// Bytes of the log that it may still have to get, at the most.
    behind: u64,
    /// Since when it has been far behind without catching up.
    far_behind_since: Option<Instant>,
    /// Whether more was said since it had caught up than budgets bound.
    is_overtaxed: bool,
    /// Whether the room has waited with it among others, and does so no more.
    is_given_up: bool,
    /// Whether it has missed something, and so is not waited for until it has caught up.
    pub(crate) has_missed: bool,
}

impl Peer {
    pub(crate) fn member(id: MemberId, choices: &mut impl Choices) -> Self {
        Self { id: Some(id), ..Self::observer(id.into(), choices) }
    }

    pub(crate) fn observer(reader: ReaderId, choices: &mut impl Choices) -> Self {
        Self {
            reader,
            id: None,
            talk: Talk::any(choices),
            buffer: choices.one(&[1, 7, 100, 3_000, usize::MAX, usize::MAX]),
            is_stalled: choices.once_in(6),
            screen: Screen::default(),
            is_awake: false,
            was_refused: false,
            refused_since: None,
            behind: 0,
            far_behind_since: None,
            is_overtaxed: false,
            is_given_up: false,
            has_missed: false,
        }
    }

    /// It begins so many bytes behind. If that is far, the next line may be one too many.
    pub(crate) fn begins_behind(&mut self, bytes: u64, now: Instant, limits: &Limits) {
        self.falls_behind(bytes, false, false, now, limits);
        self.has_missed = self.far_behind_since.is_some();
    }

    /// The log has grown by so many bytes, within what budgets allow or not.
    pub(crate) fn falls_behind(
        &mut self,
        bytes: u64,
        is_heedless: bool,
        is_held: bool,
        now: Instant,
        limits: &Limits,
    ) {
        self.behind += bytes;
        self.is_overtaxed |= is_heedless && bytes > 0;
        if is_held {
            // It may have no more.
            self.far_behind_since = None;
        } else if is_far_behind(self.behind, limits) {
            self.far_behind_since.get_or_insert(now);
        }
    }

    /// It has got so many bytes of the log, and then has caught up but for `held_back` bytes that are
    /// not let through, or not. What it is to be told first of a gap may be held back too.
    pub(crate) fn got(
        &mut self,
        bytes: usize,
        has_caught_up: bool,
        held_back: u64,
        is_overrun: bool,
    ) {
        self.behind -= self.behind.min(bytes as u64);
        if has_caught_up {
            (self.behind, self.far_behind_since) = (held_back, None);
            self.is_given_up = false;
            self.has_missed &= is_overrun;
            self.is_overtaxed &= held_back > 0;
        }
    }

    /// The room has waited as long as it does, and does so no more.
    pub(crate) fn give_up(&mut self) {
        self.is_given_up |= self.far_behind_since.is_some();
    }

    /// Whether the room has waited for it as long as it does. What no budget bounds can make it one of
    /// those that the room waits for already, and then it is less.
    pub(crate) fn had_its_time(&self, now: Instant, grace: Duration) -> bool {
        self.far_behind_since.is_some_and(|since| since + grace <= now)
            || (self.is_given_up && self.is_overtaxed)
    }

    /// Nothing could be sent to it or heard of it from `before` until now.
    pub(crate) fn was_held_up(&mut self, before: Instant, now: Instant, grace: Duration) {
        self.refused_since = None;
        if !self.had_its_time(before, grace) {
            self.far_behind_since = self.far_behind_since.map(|_| now);
        }
    }
}
