//! A room: the servers that its members are spread over.

use std::time::Duration;

use super::server::Server;
use super::wire::Kind;
use crate::shell::Outcome;

/// A room on one server, or on several that share it.
pub(crate) struct Room {
    servers: Vec<Server>,
    /// What they share it through.
    engine: Option<Server>,
}

/// Processor time that a room's servers have used.
pub(crate) struct Spent {
    servers: Vec<Duration>,
    pub(crate) engine: Option<Duration>,
}

impl Room {
    /// Starts a server of ours that is alone.
    pub(crate) fn ours() -> Outcome<Self> {
        let server = Server::start(Kind::Chat)?.ok_or("it is gone")?;
        Ok(Self::alone(server))
    }

    /// A room on a server of its own.
    pub(crate) fn alone(server: Server) -> Self {
        Self { servers: vec![server], engine: None }
    }

    /// Starts an engine, which keeps everything in memory, and `count` servers that share a room
    /// through it.
    pub(crate) fn shared(count: usize) -> Outcome<Self> {
        let engine = Server::start(Kind::Redis)?.ok_or("redis-server is not installed")?;
        let url = format!("redis://127.0.0.1:{}/bench", engine.port);
        let servers = (0..count).map(|_| {
            let server = Server::start_with(Kind::Chat, &["--shared", &url])?;
            server.ok_or_else(|| "it is gone".into())
        });
        Ok(Self { servers: servers.collect::<Outcome<_>>()?, engine: Some(engine) })
    }

    pub(crate) fn ports(&self) -> Vec<u16> {
        self.servers.iter().map(|server| server.port).collect()
    }

    /// Returns the processes of the servers.
    pub(crate) fn processes(&self) -> Vec<u32> {
        self.servers.iter().map(Server::process).collect()
    }

    /// Returns the resident set of all servers in bytes, without the engine's.
    pub(crate) fn memory(&self) -> Outcome<u64> {
        self.servers.iter().map(Server::memory).sum()
    }

    /// Returns the resident set of a server in bytes, on average.
    pub(crate) fn memory_per_server(&self) -> Outcome<u64> {
        Ok(self.memory()? / self.servers.len() as u64)
    }

    /// Returns the resident set of the engine in bytes, if there is one.
    pub(crate) fn memory_of_engine(&self) -> Outcome<Option<u64>> {
        self.engine.as_ref().map(Server::memory).transpose()
    }

    pub(crate) fn spent(&self) -> Outcome<Spent> {
        Ok(Spent {
            servers: self.servers.iter().map(Server::cpu).collect::<Outcome<_>>()?,
            engine: self.engine.as_ref().map(Server::cpu).transpose()?,
        })
    }
}

impl Spent {
    pub(crate) fn since(&self, before: &Self) -> Self {
        let servers = self.servers.iter().zip(&before.servers);
        Self {
            servers: servers.map(|(now, before)| *now - *before).collect(),
            engine: self.engine.zip(before.engine).map(|(now, before)| now - before),
        }
    }

    /// Returns that of all servers together.
    pub(crate) fn servers(&self) -> Duration {
        self.servers.iter().sum()
    }

    /// Returns that of the server that has used most: where there are processors enough, it alone
    /// bounds how much a room delivers.
    pub(crate) fn busiest(&self) -> Duration {
        self.servers.iter().max().copied().unwrap_or_default()
    }
}
