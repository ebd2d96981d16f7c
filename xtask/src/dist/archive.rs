//! An executable and the files that accompany it, packed.

use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use fs_err::{self as fs, File};
use tar::{Builder, EntryType, Header};

use super::contents::Contents;
use super::release::Release;
use super::target::Target;
use crate::shell::{Outcome, Tried};

pub(crate) struct Archive {
    pub(crate) target: Target,
    /// The name of the folder that it unpacks to, and of the file without its extension.
    pub(crate) name: String,
    pub(crate) path: PathBuf,
}

impl Archive {
    /// Packs an executable and the files that accompany it into an archive in the folder `out`.
    /// Order, owners, modes and times do not depend on the machine.
    pub(crate) fn pack(
        release: &Release,
        target: Target,
        executable: &Path,
        contents: &Contents,
        out: &Path,
    ) -> Outcome<Self> {
        let name = format!("chat-{}-{}", release.version, target.triple());
        let path = out.join(format!("{name}.tar.gz"));
        let gzip = GzBuilder::new().write(File::create(&path)?, Compression::best());
        let mut tar = Builder::new(gzip);
        let mut add = |inside: &str, kind, mode, bytes: &[u8]| {
            let mut header = Header::new_ustar();
            header.set_entry_type(kind);
            header.set_mode(mode);
            header.set_mtime(release.time);
            header.set_uid(0);
            header.set_gid(0);
            header.set_size(bytes.len() as u64);
            let inside = format!("{name}/{inside}");
            tar.append_data(&mut header, &inside, bytes).tried(inside)
        };
        add("", EntryType::Directory, 0o755, &[])?;
        add("chat", EntryType::Regular, 0o755, &fs::read(executable)?)?;
        for folder in contents.folders() {
            add(folder, EntryType::Directory, 0o755, &[])?;
        }
        for (inside, bytes) in contents.files() {
            add(inside, EntryType::Regular, 0o644, bytes)?;
        }
        tar.into_inner().and_then(GzEncoder::finish).tried(path.display())?;
        Ok(Self { target, name, path })
    }

    /// Unpacks it into `folder`, and returns the folder that it contains.
    pub(crate) fn unpack(&self, folder: &Path) -> Outcome<PathBuf> {
        let gzip = flate2::read::GzDecoder::new(File::open(&self.path)?);
        tar::Archive::new(gzip).unpack(folder).tried(self.path.display())?;
        Ok(folder.join(&self.name))
    }
}
