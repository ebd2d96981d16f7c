//! The page: the files of `page/`, which the executable carries as they are and compressed.

/// One of them.
pub(super) struct File {
    name: &'static str,
    /// What is in it.
    pub(super) text: &'static [u8],
    /// The same, compressed by gzip.
    pub(super) packed: &'static [u8],
}

const FILES: &[File] = &include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// What is given for the path `/`.
const INDEX: &str = "index.html";

impl File {
    /// Returns the file at `path`, which begins with `/`.
    pub(super) fn at(path: &str) -> Option<&'static Self> {
        let name = match path.strip_prefix('/')? {
            "" => INDEX,
            name => name,
        };
        FILES.iter().find(|file| file.name == name)
    }

    /// Returns its media type.
    pub(super) fn kind(&self) -> &'static str {
        match self.name.rsplit_once('.').map_or("", |(_, extension)| extension) {
            "html" => "text/html; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "svg" => "image/svg+xml",
            "png" => "image/png",
            "webmanifest" => "application/manifest+json",
            _ => "application/octet-stream",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_found_and_has_a_kind() {
        assert_eq!(File::at("/").unwrap().name, INDEX);
        for file in FILES {
            let found = File::at(&format!("/{}", file.name)).unwrap();
            assert_eq!(found.text, file.text);
            assert_ne!(file.kind(), "application/octet-stream", "{}", file.name);
            // The magic number of gzip, and deflate (RFC 1952, 2.3.1).
            assert_eq!(file.packed[..3], [0x1f, 0x8b, 8]);
        }
        for nowhere in ["", "index.html", "/page/index.html", "/..", "//index.html"] {
            assert!(File::at(nowhere).is_none(), "{nowhere}");
        }
    }
}
