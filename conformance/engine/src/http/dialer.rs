//! Connections in a network that this process is not in, such as that of an isolated program.

use std::fmt::Debug;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;

use tokio::net::TcpStream;

/// Opens connections in a network that this process is not in.
pub trait Dialer: Debug + Send + Sync {
    /// Connects to an address in that network.
    fn connect(&self, address: SocketAddr) -> Connecting<'_>;
}

/// A connection that is being opened.
pub type Connecting<'a> = Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send + 'a>>;
