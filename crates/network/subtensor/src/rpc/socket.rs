//! One WebSocket with a deadline: whatever the other side does, reading and writing end.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tungstenite::error::ProtocolError;
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{Error, HandshakeError, Message, WebSocket};

use crate::{Endpoint, EndpointError};

/// Largest message, bytes: metadata in hexadecimal is a megabyte, and a full block is smaller than this.
const MAX_MESSAGE: usize = 32 << 20;

/// A connection whose reads and writes fail after a moment.
struct Timed {
    stream: TcpStream,
    until: Instant,
}

impl Timed {
    fn left(&self) -> io::Result<Duration> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
    }
}

/// The operating system says of a socket's own time limit that it would block.
fn late(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::WouldBlock { io::ErrorKind::TimedOut.into() } else { error }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(self.left()?))?;
        self.stream.read(buffer).map_err(late)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(self.left()?))?;
        self.stream.write(bytes).map_err(late)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

enum Stream {
    Plain(Timed),
    Secure(Box<StreamOwned<ClientConnection, Timed>>),
}

impl Stream {
    fn timed(&mut self) -> &mut Timed {
        match self {
            Self::Plain(timed) => timed,
            Self::Secure(stream) => &mut stream.sock,
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(timed) => timed.read(buffer),
            Self::Secure(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(timed) => timed.write(bytes),
            Self::Secure(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(timed) => timed.flush(),
            Self::Secure(stream) => stream.flush(),
        }
    }
}

/// A connection to a node.
pub(super) struct Socket {
    socket: WebSocket<Stream>,
    limit: Duration,
}

/// The addresses of a host. The operating system's resolver has no time limit, so it runs on a thread that is left behind.
fn resolve(endpoint: &Endpoint, limit: Duration) -> Result<Vec<SocketAddr>, EndpointError> {
    let (host, port) = (endpoint.host.clone(), endpoint.port);
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let found = (host.as_str(), port).to_socket_addrs().map(|all| all.take(8).collect::<Vec<_>>());
        drop(send.send(found));
    });
    match receive.recv_timeout(limit) {
        Ok(found) => found.map_err(|e| EndpointError::Connect(e.to_string())),
        Err(_) => Err(EndpointError::Connect(format!("the name {} was not resolved in time", endpoint.host))),
    }
}

fn tls(endpoint: &Endpoint, timed: Timed) -> Result<Stream, EndpointError> {
    let wrong = |e: &dyn std::fmt::Display| EndpointError::Connect(format!("TLS: {e}"));
    let roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| wrong(&e))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(endpoint.host.clone()).map_err(|e| wrong(&e))?;
    let connection = ClientConnection::new(Arc::new(config), name).map_err(|e| wrong(&e))?;
    Ok(Stream::Secure(Box::new(StreamOwned::new(connection, timed))))
}

impl Socket {
    /// Connects; `limit` is for this and for each later exchange.
    pub(super) fn connect(endpoint: &Endpoint, limit: Duration) -> Result<Self, EndpointError> {
        let until = Instant::now() + limit;
        let addresses = resolve(endpoint, limit)?;
        let mut failure = EndpointError::Connect("the name has no address".into());
        let mut connected = None;
        for address in addresses {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                failure = EndpointError::Late(limit.as_millis() as u64);
                break;
            }
            match TcpStream::connect_timeout(&address, left) {
                Ok(stream) => {
                    connected = Some(stream);
                    break;
                }
                Err(e) => failure = EndpointError::Connect(e.to_string()),
            }
        }
        let stream = connected.ok_or(failure)?;
        stream.set_nodelay(true).map_err(|e| EndpointError::Connect(e.to_string()))?;
        let timed = Timed { stream, until };
        let stream = if endpoint.secure { tls(endpoint, timed)? } else { Stream::Plain(timed) };
        let config = WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE)).max_frame_size(Some(MAX_MESSAGE));
        match tungstenite::client::client_with_config(endpoint.to_string(), stream, Some(config)) {
            Ok((socket, _)) => Ok(Self { socket, limit }),
            Err(HandshakeError::Failure(error)) => Err(failed(error, limit)),
            Err(HandshakeError::Interrupted(_)) => Err(EndpointError::Late(limit.as_millis() as u64)),
        }
    }

    /// Begins an exchange.
    pub(super) fn send(&mut self, text: String) -> Result<(), EndpointError> {
        self.socket.get_mut().timed().until = Instant::now() + self.limit;
        self.socket.send(Message::text(text)).map_err(|e| failed(e, self.limit))
    }

    /// The next text, within the time of the exchange.
    pub(super) fn receive(&mut self) -> Result<String, EndpointError> {
        loop {
            match self.socket.read().map_err(|e| failed(e, self.limit))? {
                Message::Text(text) => return Ok(text.as_str().to_owned()),
                Message::Close(_) => return Err(EndpointError::Broken("the node closed it".into())),
                // Pings are answered by the library. They do not extend the time.
                _ => {}
            }
        }
    }
}

fn failed(error: Error, limit: Duration) -> EndpointError {
    match error {
        Error::Io(e) if e.kind() == io::ErrorKind::TimedOut => EndpointError::Late(limit.as_millis() as u64),
        Error::Io(e) => EndpointError::Broken(e.to_string()),
        Error::ConnectionClosed
        | Error::AlreadyClosed
        | Error::Protocol(ProtocolError::HandshakeIncomplete | ProtocolError::ResetWithoutClosingHandshake) => {
            EndpointError::Broken("the node closed it".into())
        }
        other => EndpointError::Protocol(other.to_string()),
    }
}
