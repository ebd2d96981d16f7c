//! A system that an executable is built for.

/// A processor architecture; the system is Linux.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    X86_64,
    Aarch64,
    I686,
}

impl Target {
    pub(crate) const ALL: [Self; 3] = [Self::X86_64, Self::Aarch64, Self::I686];

    pub(crate) fn triple(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64-unknown-linux-musl",
            Self::Aarch64 => "aarch64-unknown-linux-musl",
            Self::I686 => "i686-unknown-linux-musl",
        }
    }

    pub(crate) fn parse(triple: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|target| target.triple() == triple).ok_or_else(|| {
            let known = Self::ALL.map(Self::triple);
            format!("not one of {}", known.join(", "))
        })
    }
}
