//! Addresses of nodes.

use std::fmt;
use std::str::FromStr;

use crate::SubtensorError;

/// A network that has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// Bittensor's main network.
    Finney,
    /// Its test network.
    Test,
    /// A node on this machine.
    Local,
}

impl Network {
    /// The network of a name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "finney" => Some(Self::Finney),
            "test" => Some(Self::Test),
            "local" => Some(Self::Local),
            _ => None,
        }
    }

    /// Its public nodes, the first one first. The operators are those of Bittensor's own client.
    pub fn endpoints(self) -> Vec<Endpoint> {
        let secure = |host: &str| Endpoint { secure: true, host: host.to_owned(), port: 443, path: "/".into() };
        match self {
            Self::Finney => ["entrypoint-finney.opentensor.ai", "lite.chain.opentensor.ai", "lite.sub.latent.to"]
                .map(secure)
                .to_vec(),
            Self::Test => vec![secure("test.finney.opentensor.ai")],
            Self::Local => {
                vec![Endpoint { secure: false, host: "127.0.0.1".into(), port: 9944, path: "/".into() }]
            }
        }
    }
}

/// A node's address: `ws://HOST:PORT` or `wss://HOST:PORT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// With TLS.
    pub secure: bool,
    /// Name or IP address, of IPv6 without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Path, with its slash.
    pub path: String,
}

impl Endpoint {
    /// Whether a text is meant as an address of a node, if not always one that can be used.
    pub fn is_meant(text: &str) -> bool {
        text.contains("://")
    }

    /// The nodes of a list of names and addresses.
    ///
    /// # Errors
    /// [`SubtensorError::Address`].
    pub fn list<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> Result<Vec<Self>, SubtensorError> {
        let mut all = Vec::new();
        for text in texts {
            match Network::named(text.as_ref()) {
                Some(network) => all.extend(network.endpoints()),
                None => all.push(text.as_ref().parse()?),
            }
        }
        if all.is_empty() {
            return Err(SubtensorError::Address { text: String::new() });
        }
        Ok(all)
    }

    /// Host and port, as in a header.
    pub(crate) fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "wss" } else { "ws" };
        let path = if self.path == "/" { "" } else { &self.path };
        write!(f, "{scheme}://{}{path}", self.authority())
    }
}

impl FromStr for Endpoint {
    type Err = SubtensorError;

    fn from_str(text: &str) -> Result<Self, SubtensorError> {
        let wrong = || SubtensorError::Address { text: text.chars().take(200).collect() };
        let (secure, rest) = match (text.strip_prefix("wss://"), text.strip_prefix("ws://")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => return Err(wrong()),
        };
        let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
        let plain = |c: char| c.is_ascii_graphic() && !"@#\\\"<>".contains(c);
        if !authority.chars().all(plain) || !path.chars().all(plain) {
            return Err(wrong());
        }
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => {
                let (host, port) = rest.split_once(']').ok_or_else(wrong)?;
                host.parse::<std::net::Ipv6Addr>().map_err(|_| wrong())?;
                (host, port.strip_prefix(':'))
            }
            None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
        };
        let port = match port {
            Some(port) => port.parse().map_err(|_| wrong())?,
            None => {
                if secure {
                    443
                } else {
                    80
                }
            }
        };
        if host.is_empty() || (host.contains(':') && !authority.starts_with('[')) || port == 0 {
            return Err(wrong());
        }
        Ok(Self { secure, host: host.to_owned(), port, path: path.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        for (text, same) in [
            ("ws://127.0.0.1:9944", "ws://127.0.0.1:9944"),
            ("wss://node.example", "wss://node.example:443"),
            ("ws://[::1]:9944/rpc?key=1", "ws://[::1]:9944/rpc?key=1"),
            ("wss://a.example:1/", "wss://a.example:1"),
        ] {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), same);
        }
        for text in
            ["", "ws://", "http://a", "ws://a:b", "ws://a:0", "ws://a:99999", "ws://u@a", "ws://[1]:2", "ws://a b"]
        {
            assert!(matches!(text.parse::<Endpoint>(), Err(SubtensorError::Address { .. })), "{text}");
        }
    }

    #[test]
    fn names_stand_for_nodes() {
        let all = Endpoint::list(["ws://127.0.0.1:1", "finney"]).unwrap();
        assert_eq!((all.len(), all[1].to_string().as_str()), (4, "wss://entrypoint-finney.opentensor.ai:443"));
        assert!(Endpoint::list(["main"]).is_err() && Endpoint::list([""; 0]).is_err());
    }
}
