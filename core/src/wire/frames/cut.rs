//! What is lent, cut into frames.

use core::ops::Range;

use memchr::memrchr;

use super::head::{Opcode, OwnHead};

/// Payload of one frame, at the most: what may have to be copied if a socket takes only a part of
/// it.
const MAX_FRAME: usize = 16 * 1024;

/// Frames in one write, at the most: a quarter of a MiB, more than a socket takes at once.
const MAX_FRAMES: usize = 16;

/// Slices that one write of frames is given, at the most. What a server lends comes to no more:
/// what waited, a head for each frame, what was lent, and one more for each slice that two frames
/// share.
pub const MAX_PARTS: usize = 64;

/// Frames that lie where what was lent lies.
pub(super) struct Frames<'a> {
    frames: [OwnFrame; MAX_FRAMES],
    count: usize,
    lent: &'a [&'a [u8]],
}

#[derive(Clone, Copy, Default)]
pub(super) struct OwnFrame {
    pub(super) head: OwnHead,
    /// Whether it is the last of its message: it ends with a line.
    pub(super) is_final: bool,
    /// Bytes of its payload.
    pub(super) length: usize,
}

impl<'a> Frames<'a> {
    /// Each of the frames ends with the last line that ends within it. If none does, a line is
    /// longer than a frame, and the next frame goes on with it; the first one does if it
    /// `is_inside_line`.
    pub(super) fn cut(lent: &'a [&'a [u8]], is_inside_line: bool) -> Self {
        let mut frames = Self { frames: [OwnFrame::default(); MAX_FRAMES], count: 0, lent };
        let total: usize = lent.iter().map(|slice| slice.len()).sum();
        let (mut at, mut is_inside) = (0, is_inside_line);
        for place in &mut frames.frames {
            if at == total {
                break;
            }
            let window = at..total.min(at + MAX_FRAME);
            let line_end = line_end(lent, window.clone());
            let length = line_end.unwrap_or(window.end) - at;
            let opcode = if is_inside { Opcode::Continuation } else { Opcode::Text };
            let is_final = line_end.is_some();
            *place = OwnFrame { head: OwnHead::new(opcode, is_final, length), is_final, length };
            frames.count += 1;
            at += length;
            is_inside = !is_final;
        }
        frames
    }

    pub(super) fn as_slice(&self) -> &[OwnFrame] {
        &self.frames[..self.count]
    }

    pub(super) fn lent(&self) -> &'a [&'a [u8]] {
        self.lent
    }

    /// Adds heads and payloads, in order.
    pub(super) fn push_to<'b>(&'b self, parts: &mut Parts<'b>) {
        let mut at = 0;
        for frame in self.as_slice() {
            parts.push(frame.head.as_bytes());
            slices(self.lent, at..at + frame.length).for_each(|slice| parts.push(slice));
            at += frame.length;
        }
    }
}

/// What one write is given.
pub(super) struct Parts<'a> {
    parts: [&'a [u8]; MAX_PARTS],
    count: usize,
}

impl<'a> Parts<'a> {
    pub(super) fn as_slice(&self) -> &[&'a [u8]] {
        &self.parts[..self.count]
    }

    /// Adds a slice. What finds no place is not written: it is as if the socket had not taken it.
    pub(super) fn push(&mut self, part: &'a [u8]) {
        if !part.is_empty()
            && let Some(place) = self.parts.get_mut(self.count)
        {
            *place = part;
            self.count += 1;
        }
    }
}

impl Default for Parts<'_> {
    fn default() -> Self {
        Self { parts: [&[]; MAX_PARTS], count: 0 }
    }
}

/// The slices of a range of what is lent.
pub(super) fn slices<'a>(
    lent: &'a [&'a [u8]],
    range: Range<usize>,
) -> impl Iterator<Item = &'a [u8]> {
    let mut start = 0;
    lent.iter().map(move |slice| {
        let (low, high) = (range.start.max(start), range.end.min(start + slice.len()));
        let part = if low < high { &slice[low - start..high - start] } else { &[][..] };
        start += slice.len();
        part
    })
}

/// Where the last line ends that ends within a range of what is lent.
fn line_end(lent: &[&[u8]], range: Range<usize>) -> Option<usize> {
    let (mut at, mut end) = (range.start, None);
    for slice in slices(lent, range) {
        if let Some(newline) = memrchr(b'\n', slice) {
            end = Some(at + newline + 1);
        }
        at += slice.len();
    }
    end
}
