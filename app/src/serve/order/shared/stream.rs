//! What carries questions and answers: TCP, or TLS over it.
//!
//! TLS takes about a megabyte of code. So it is a feature of its own, and released executables,
//! which are to be small, have none.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use super::away::Away;
use super::link::LONGEST;
use crate::net::Place;
use crate::settings::Engine;

/// A socket, encrypted or not.
pub(super) enum Stream {
    Open(Timed),
    #[cfg(feature = "tls")]
    Encrypted(Box<tls::Encrypted>),
}

impl Stream {
    /// Encrypts what goes over a socket, if the engine wants that: the other end has to prove that
    /// it is `place`.
    pub(super) fn over(socket: TcpStream, place: &Place, engine: &Engine) -> Result<Self, Away> {
        let socket = Timed { socket, ends_at: Instant::now() + LONGEST };
        #[cfg(feature = "tls")]
        if let Some(encryption) = &engine.encryption {
            let encrypted = tls::encrypt(socket, &place.host, encryption.trusted.as_deref())?;
            return Ok(Self::Encrypted(encrypted.into()));
        }
        let _ = (place, engine);
        Ok(Self::Open(socket))
    }

    pub(super) fn socket(&self) -> &TcpStream {
        match self {
            Self::Open(timed) => &timed.socket,
            #[cfg(feature = "tls")]
            Self::Encrypted(encrypted) => &encrypted.sock.socket,
        }
    }

    /// Has it fail from then on.
    pub(super) fn end_at(&mut self, end: Instant) {
        let timed = match self {
            Self::Open(timed) => timed,
            #[cfg(feature = "tls")]
            Self::Encrypted(encrypted) => &mut encrypted.sock,
        };
        timed.ends_at = end;
    }
}

/// A socket that fails from a given time on. Without that a peer that sends a byte at a time could
/// have anybody wait for ever.
pub(super) struct Timed {
    socket: TcpStream,
    ends_at: Instant,
}

impl Timed {
    fn in_time(&mut self) -> io::Result<&mut TcpStream> {
        let is_in_time = Instant::now() < self.ends_at;
        is_in_time.then_some(&mut self.socket).ok_or_else(|| io::ErrorKind::TimedOut.into())
    }
}

impl Read for Timed {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.in_time()?.read(bytes)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.in_time()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

impl Read for Stream {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Open(socket) => socket.read(bytes),
            #[cfg(feature = "tls")]
            Self::Encrypted(encrypted) => encrypted.read(bytes),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Open(socket) => socket.write(bytes),
            #[cfg(feature = "tls")]
            Self::Encrypted(encrypted) => encrypted.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Open(socket) => socket.flush(),
            #[cfg(feature = "tls")]
            Self::Encrypted(encrypted) => encrypted.flush(),
        }
    }
}

#[cfg(feature = "tls")]
mod tls {
    use std::path::Path;
    use std::sync::Arc;

    use rustls::crypto::ring::default_provider;
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, ServerName};
    use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

    use super::{Away, Timed};

    pub(super) type Encrypted = StreamOwned<ClientConnection, Timed>;

    /// Where systems have the certificates that they trust: Debian's, Red Hat's, the BSDs'.
    const SYSTEM: [&str; 4] = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ];

    /// Begins to talk TLS with `host`, as one of those knows it who are trusted by a file, or by
    /// the system.
    pub(super) fn encrypt(
        mut socket: Timed,
        host: &str,
        trusted: Option<&str>,
    ) -> Result<Encrypted, Away> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| Away::new("no certificate can have the name of its host"))?;
        let config = ClientConfig::builder_with_provider(default_provider().into())
            .with_safe_default_protocol_versions()
            .map_err(|error| Away::new(error.to_string()))?
            .with_root_certificates(roots(trusted)?)
            .with_no_client_auth();
        let mut connection = ClientConnection::new(Arc::new(config), name)
            .map_err(|error| Away::new(error.to_string()))?;
        // Now, so that what is wrong with it is not found when something is asked.
        while connection.is_handshaking() {
            connection.complete_io(&mut socket)?;
        }
        Ok(StreamOwned::new(connection, socket))
    }

    /// The certificates of those who are trusted. They are read for each connection: they may be
    /// changed while the program runs.
    fn roots(trusted: Option<&str>) -> Result<RootCertStore, Away> {
        let system = SYSTEM.into_iter().find(|file| Path::new(file).exists());
        let Some(file) = trusted.or(system) else {
            return Err(Away::new("the system has no certificates that it trusts"));
        };
        let unusable = || {
            Away::new("there are no certificates to trust")
                .with_detail(format!("there are no certificates in {file}"))
        };
        let certificates = CertificateDer::pem_file_iter(file).map_err(|_| unusable())?;
        let mut roots = RootCertStore::empty();
        // Systems have some that no program knows how to use.
        let (added, _) = roots.add_parsable_certificates(certificates.flatten());
        if added > 0 { Ok(roots) } else { Err(unusable()) }
    }
}

#[cfg(test)]
#[cfg(feature = "tls")]
mod tests {
    use std::io;
    use std::path::Path;
    use std::process::Command;
    use std::time::Instant;

    use crate::serve::order::shared::link::Link;
    use crate::serve::order::shared::testing::{LIMIT, TestEngine, at, has};
    use crate::settings::{Encryption, Engine};

    fn openssl(folder: &Path, command: &str) {
        let made = Command::new("openssl").args(command.split(' ')).current_dir(folder).output();
        let made = made.unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }

    /// An authority of that name.
    fn authority(folder: &Path, name: &str) {
        let key = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2";
        let files = format!("-subj /CN={name} -keyout {name}.key -out {name}.pem");
        openssl(folder, &format!("{key} {files}"));
    }

    /// A certificate for `subject`.
    fn certificate(folder: &Path, authority: &str, subject: &str) {
        let key = "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
        openssl(folder, &format!("{key} -subj /CN=engine -keyout engine.key -out engine.csr"));
        std::fs::write(folder.join("names"), format!("subjectAltName={subject}")).unwrap();
        let sign = "x509 -req -in engine.csr -out engine.pem -days 2 -extfile names";
        let by = format!("-CA {authority}.pem -CAkey {authority}.key -CAcreateserial");
        openssl(folder, &format!("{sign} {by}"));
    }

    fn start(folder: &Path) -> Option<TestEngine> {
        let file = |name: &str| folder.join(name).to_string_lossy().into_owned();
        let options = [
            ("--port", "0".to_owned()),
            ("--tls-auth-clients", "no".to_owned()),
            ("--tls-cert-file", file("engine.pem")),
            ("--tls-key-file", file("engine.key")),
            ("--tls-ca-cert-file", file("right.pem")),
        ];
        let options: Vec<&str> =
            options.iter().flat_map(|(option, value)| [*option, value]).collect();
        TestEngine::start_on("--tls-port", &options)
    }

    /// What comes of a question to an engine that has to prove itself to who trusts that file.
    fn asked(engine: &TestEngine, trusted: &Path) -> Result<(), String> {
        let trusted = Some(trusted.to_string_lossy().into_owned());
        let settings = Engine { encryption: Some(Encryption { trusted }), ..at(&[engine]) };
        let deadline = Instant::now() + LIMIT;
        loop {
            let link = Link::open(&settings.places[0], &settings);
            let answer = link.and_then(|mut link| link.ask(&[b"PING"]).map(drop));
            // On a busy machine it takes time to prove anything.
            if answer != Err(io::Error::from(io::ErrorKind::TimedOut).into())
                || Instant::now() > deadline
            {
                return answer.map_err(|away| away.to_string());
            }
        }
    }

    #[test]
    fn an_engine_has_to_prove_who_it_is() {
        if !has("openssl") {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        authority(folder, "right");
        authority(folder, "wrong");
        certificate(folder, "right", "IP:127.0.0.1");
        let Some(engine) = start(folder) else { return };
        assert_eq!(asked(&engine, &folder.join("right.pem")), Ok(()));
        let why = asked(&engine, &folder.join("wrong.pem")).unwrap_err();
        assert!(why.contains("invalid peer certificate"), "{why}");
        let why = asked(&engine, &folder.join("engine.key")).unwrap_err();
        assert!(why.contains("there are no certificates in "), "{why}");

        certificate(folder, "right", "DNS:other.example,IP:192.0.2.1");
        let Some(engine) = start(folder) else { return };
        let why = asked(&engine, &folder.join("right.pem")).unwrap_err();
        assert!(why.contains("invalid peer certificate"), "{why}");
    }
}
