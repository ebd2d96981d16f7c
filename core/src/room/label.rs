//! A label: what stands before each message of a member.

use alloc::boxed::Box;
use alloc::format;
use core::net::SocketAddr;

use crate::limits::MAX_NAME;

/// `[NAME] `, of which the name is known without looking for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Label(Box<str>);

const BEFORE: &str = "[";
const AFTER: &str = "] ";

impl Label {
    /// That of a member which has no name but its address.
    ///
    /// An IPv4-mapped IPv6 address is shown as IPv4. The zone of a link-local address is left out:
    /// it means nothing on another machine (RFC 4007, section 6).
    pub(crate) fn of_address(addr: SocketAddr) -> Self {
        let shown = SocketAddr::new(addr.ip().to_canonical(), addr.port());
        Self(format!("{BEFORE}{shown}{AFTER}").into())
    }

    /// That of a member, or of a host, which is called so.
    pub(crate) fn of_name(name: &str) -> Self {
        Self(format!("{BEFORE}{name}{AFTER}").into())
    }

    /// The label and the text of a line that a member or the host has said, whatever that name is; `None`
    /// of any other line.
    pub(crate) fn split_off(line: &str) -> Option<(&str, &str)> {
        let after = line.strip_prefix(BEFORE)?.find(AFTER)?;
        let (label, text) = line.split_at(BEFORE.len() + after + AFTER.len());
        let name = label.strip_prefix(BEFORE)?.strip_suffix(AFTER)?;
        let may_be = !name.is_empty() && name.len() <= MAX_NAME && !name.contains(' ');
        may_be.then_some((label, text))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The name inside.
    pub(crate) fn name(&self) -> &str {
        &self.0[BEFORE.len()..self.0.len() - AFTER.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MAX_LABEL;

    #[test]
    fn the_longest_label() {
        let longest = Label::of_address(([0xffff; 8], u16::MAX).into());
        assert_eq!(longest.name(), "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
        assert!(longest.as_str().len() <= MAX_LABEL);
    }
}
