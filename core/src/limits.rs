//! What a room allows: every number that bounds something, with its reason.

use core::time::Duration;

/// The shortest `max_line` in bytes. Shorter pieces would be little but labels.
pub const MIN_LINE: usize = 16;

/// The longest `max_line` in bytes. What is longer is a file, not a message; and it is what a
/// client must be ready to hold of a line whose end has not come yet.
pub const MAX_LINE: usize = 64 * 1024;

/// The largest backlog in bytes: what a 32-bit machine can still allocate in one piece.
pub const MAX_BACKLOG: usize = 1 << 30;

/// The longest name in bytes: 20 letters of four. The longest address, IPv6 in brackets with colon and
/// port, has 47.
pub(crate) const MAX_NAME: usize = 80;

/// The longest label in bytes: `[NAME] `.
pub(crate) const MAX_LABEL: usize = 1 + MAX_NAME + 2;

/// The longest remark of the host's in bytes: a reason, a topic.
pub(crate) const MAX_REMARK: usize = 256;

/// The longest answer in bytes that an entry carries: several times the longest that there is, the list
/// of all commands.
pub(crate) const MAX_TOLD: usize = 16 * 1024;

/// The longest notice in bytes that the log is given, its newline included: an upper bound for what
/// [`crate::notice`] says to everybody.
pub(crate) const MAX_NOTICE: usize = 384;

/// What a room allows and how long it waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Users online at once; a newcomer beyond them is turned away. Default: no limit.
    pub max_users: usize,

    /// Bytes of text in one message, as others see it. A longer one is delivered as several.
    /// Taken as between [`MIN_LINE`] and [`MAX_LINE`]. Default: 4096, a terminal's own limit for a
    /// line that is typed (`termios(3)`, canonical mode).
    pub max_line: usize,

    /// Bytes of what was said that the room keeps, once for everybody: how far a reader may fall
    /// behind before it misses something. Taken as between [`Limits::least_backlog`] and
    /// [`MAX_BACKLOG`]. Default: 1 MiB.
    pub backlog: usize,

    /// The silence that ends a message of a peer that has sent no newline yet. Taken as between 1 ms and
    /// an hour. Default: 100 ms: longer than the gaps inside one write, shorter than a person
    /// notices.
    pub silence: Duration,

    /// Messages that a member is given at the most of what was said earlier, within half of the backlog.
    /// 0: none is given to anybody. Default: no other limit.
    pub history: usize,

    /// How long the room waits for readers that are far behind, in all, until they have caught up
    /// completely. Taken as an hour at the most. Default: 1 s.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_users: usize::MAX,
            max_line: 4096,
            backlog: 1024 * 1024,
            silence: SILENCE,
            history: usize::MAX,
            grace: Duration::from_secs(1),
        }
    }
}

/// The default of [`Limits::silence`], which the client's side uses too.
pub(crate) const SILENCE: Duration = Duration::from_millis(100);

/// The longest silence or grace: a timer that is not needed any more is kept until it runs out.
const LONGEST_TIME: Duration = Duration::from_secs(60 * 60);

/// How long a message may become, from its first byte on, before it ends without a newline or a
/// silence: whoever says something all the time is heard all the same, and nobody waits for more than
/// a breath.
pub(crate) const LONGEST_MESSAGE: Duration = Duration::from_secs(1);

/// How long a telnet client that has sent its interrupt (Ctrl+C) has to send anything else. If it does
/// not, its user wanted to leave: long enough for what was typed behind it to come, too short to be
/// felt.
pub(crate) const INTERRUPT: Duration = Duration::from_millis(500);

/// What a member may say while the room waits for a reader, in bytes by which the log grows: little,
/// so that people who merely chat are not held back with those who flood.
pub(crate) const ALLOWANCE: usize = 4096;

/// The time, in microseconds, that refills a byte of it: 500 bytes a second are faster than anybody
/// types, and of flooders at that speed it takes hundreds to hold up anybody else.
pub(crate) const REFILL_MICROS_PER_BYTE: u64 = 2_000;

/// How long a newcomer has to say that it has come back, before it is greeted as one: what it says so
/// with arrives together with it.
pub(crate) const WELCOME: Duration = Duration::from_millis(50);

/// The same while somebody is known to be away: its way here may be a long one.
pub(crate) const WELCOME_BACK: Duration = Duration::from_millis(300);

/// How long a newcomer waits for a room whose log cannot be reached, before it is told so: longer than
/// an engine takes to fail over.
pub(crate) const WELCOME_LATER: Duration = Duration::from_secs(10);

/// How long the room keeps who may come back: longer than a machine needs to start again.
pub(crate) const KEPT_FOR: Duration = Duration::from_secs(10 * 60);

/// Those whom the room keeps at the most while they are away; beyond that it forgets who has been away
/// for longest. Each costs some hundred bytes, and the inserts that wait for it.
pub(crate) const MOST_AWAY: usize = 4096;

/// The commands that one call does for a member; it goes on with the next ones after [`BREATH`]. They
/// cost more than lines that are said.
pub(crate) const COMMANDS: usize = 8;

/// How long a member's commands wait for those of others.
pub(crate) const BREATH: Duration = Duration::from_millis(1);

/// How long a command for which all members are looked at keeps others of that kind waiting, whoever
/// gives them: in a room of ten thousand they take up to a millisecond.
pub(crate) const CROWD_BREATH: Duration = Duration::from_millis(5);

/// How late a tick may come. If it comes later, whoever calls the room was held up itself (stopped,
/// or short of processors): nobody could be sent anything, so it does not count as time that readers
/// have had.
pub(crate) const LATE: Duration = Duration::from_millis(100);

impl Limits {
    /// The smallest backlog that a room with this `max_line` can have, in bytes.
    ///
    /// An eighth of the backlog is what the room takes in between two looks at its readers, and a
    /// whole line of one member must fit into it with space to spare.
    #[must_use]
    pub fn least_backlog(&self) -> usize {
        12 * self.longest_line()
    }

    /// These limits for a room that several servers share: what any of them says must fit.
    pub(crate) fn shared(mut self) -> Self {
        let longest = Self { max_line: MAX_LINE, ..Self::default() };
        self.backlog = self.backlog.max(longest.least_backlog());
        self
    }

    /// These limits with each field inside its range.
    pub(crate) fn clamped(mut self) -> Self {
        self.max_line = self.max_line.clamp(MIN_LINE, MAX_LINE);
        self.backlog = self.backlog.clamp(self.least_backlog(), MAX_BACKLOG);
        self.silence = self.silence.clamp(Duration::from_millis(1), LONGEST_TIME);
        self.grace = self.grace.min(LONGEST_TIME);
        self
    }

    /// The longest line that the log can be given, in bytes, its newline included.
    pub(crate) fn longest_line(&self) -> usize {
        let max_line = self.max_line.clamp(MIN_LINE, MAX_LINE);
        (MAX_LABEL + max_line + 1).max(MAX_NOTICE)
    }

    /// How many bytes behind a reader is "far behind": three quarters of the backlog.
    pub(crate) fn far_behind(&self) -> u64 {
        (self.backlog - self.backlog / 4) as u64
    }

    /// The bytes by which the log may grow through what one call of `receive` is given, and again
    /// through all that is said while the room waits for a reader: an eighth of the backlog each.
    ///
    /// Both together are the quarter that is left when a reader is found to be far behind, so no
    /// reader that the room waits for can lose anything that a member says.
    pub(crate) fn share(&self) -> usize {
        self.backlog / 8
    }
}
