//! Names to addresses, and the guard on what comes out. [`Resolver`] answers; [`GuardedResolver`] is what reqwest dials by.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::guard::{Blocked, GuardOptions, Reach};

/// Who answers for a name.
#[derive(Clone)]
pub enum Resolver {
    /// The operating system: `/etc/hosts` and whatever the machine is set to ask.
    System,
    /// A fixed table, asked in place of the network; an unknown name does not exist.
    Table(Arc<Table>),
}

/// Answers by name. Each lookup takes the next of a name's answers and stays with the last one: two different answers are a
/// name that rebinds.
pub struct Table {
    entries: Mutex<HashMap<String, Vec<Vec<IpAddr>>>>,
}

impl Resolver {
    /// A table from `(name, its answers in turn)`.
    pub fn table<N: Into<String>>(entries: impl IntoIterator<Item = (N, Vec<Vec<IpAddr>>)>) -> Self {
        let entries = entries.into_iter().map(|(name, answers)| (name.into(), answers)).collect();
        Resolver::Table(Arc::new(Table { entries: Mutex::new(entries) }))
    }

    /// Every address of the name, unfiltered.
    pub async fn lookup(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        match self {
            Resolver::System => Ok(tokio::net::lookup_host((name, 0)).await?.map(|socket| socket.ip()).collect()),
            Resolver::Table(table) => table.next(name).ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name does not exist")),
        }
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Resolver::System => "System",
            Resolver::Table(_) => "Table",
        })
    }
}

impl Table {
    fn next(&self, name: &str) -> Option<Vec<IpAddr>> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let answers = entries.get_mut(name.trim_end_matches('.'))?;
        if answers.len() > 1 { Some(answers.remove(0)) } else { answers.first().cloned() }
    }
}

/// Why a name led nowhere; found again in reqwest's chain of causes.
#[derive(Debug, Clone)]
pub enum LookupFailure {
    Blocked(Blocked),
    Dns(String),
}

impl fmt::Display for LookupFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LookupFailure::Blocked(blocked) => blocked.fmt(f),
            LookupFailure::Dns(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for LookupFailure {}

/// Looks a name up and lets only the addresses through that may be dialled.
pub async fn lookup_guarded(
    resolver: &Resolver,
    guard: &GuardOptions,
    host: (&str, u16),
    reach: Reach,
) -> Result<Vec<SocketAddr>, LookupFailure> {
    let (name, port) = host;
    let found = resolver.lookup(name).await.map_err(|error| LookupFailure::Dns(error.to_string()))?;
    let (mut open, mut first_blocked) = (Vec::new(), None);
    for ip in found {
        let socket = SocketAddr::new(ip, port);
        match guard.verdict(socket, reach) {
            Ok(()) => open.push(socket),
            Err(blocked) => first_blocked = first_blocked.or(Some(blocked)),
        }
    }
    match first_blocked {
        _ if !open.is_empty() => Ok(open),
        Some(blocked) => Err(LookupFailure::Blocked(blocked)),
        None => Err(LookupFailure::Dns("the name has no address".to_owned())),
    }
}

/// The resolver behind a client: the addresses it returns are the ones that get dialled. Literal addresses never come by here
/// (hyper dials them at once); [`crate::http`] judges those before each hop.
pub(crate) struct GuardedResolver {
    pub resolver: Resolver,
    pub guard: GuardOptions,
    pub reach: Reach,
    /// The port that will be dialled, where the verdict depends on it; a resolver is not told.
    pub port: u16,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (resolver, guard, reach, port) = (self.resolver.clone(), self.guard.clone(), self.reach, self.port);
        Box::pin(async move {
            let sockets = lookup_guarded(&resolver, &guard, (name.as_str(), port), reach).await?;
            let addresses: Addrs = Box::new(sockets.into_iter());
            Ok(addresses)
        })
    }
}
