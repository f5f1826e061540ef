//! Who a client is: an IPv4 address, or the network that one IPv6 customer has.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::HeaderMap;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address that limits count: of IPv6 the first 64 bits, since one customer has all the rest.
pub(crate) fn counted(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

/// The client behind a connection. A trusted proxy adds the address of its own client at the end of `X-Forwarded-For`;
/// everything before may be made up.
pub(super) fn client(peer: SocketAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> SocketAddr {
    let trusted = |ip: IpAddr| proxies.contains(&ip.to_canonical());
    if !trusted(peer.ip()) {
        return peer;
    }
    let lists = headers.get_all(FORWARDED_FOR).into_iter().filter_map(|value| value.to_str().ok());
    let all: Vec<&str> = lists.flat_map(|list| list.split(',')).map(str::trim).collect();
    for text in all.into_iter().rev() {
        match text.parse::<IpAddr>() {
            Ok(ip) if trusted(ip) => {}
            Ok(ip) => return SocketAddr::new(ip.to_canonical(), 0),
            Err(_) => break,
        }
    }
    peer
}

/// Open connections of each address.
#[derive(Clone, Default)]
pub(super) struct Connections(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One open connection; no longer counted when this is dropped.
pub(super) struct Open {
    all: Connections,
    address: IpAddr,
}

impl Connections {
    /// Counts a connection, if its address has fewer than `most`.
    pub(super) fn open(&self, ip: IpAddr, most: usize) -> Option<Open> {
        let address = counted(ip);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = all.entry(address).or_default();
        if *own >= most {
            return None;
        }
        *own += 1;
        Some(Open { all: self.clone(), address })
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut all = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = all.get_mut(&self.address) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                all.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_customer_is_one_address() {
        assert_eq!(counted(ip("2001:db8:1:2:3:4:5:6")), counted(ip("2001:db8:1:2:ffff::1")));
        assert_ne!(counted(ip("2001:db8:1:2::1")), counted(ip("2001:db8:1:3::1")));
        assert_eq!(counted(ip("::ffff:192.0.2.1")), ip("192.0.2.1"));
        assert_ne!(counted(ip("192.0.2.1")), counted(ip("192.0.2.2")));
    }

    #[test]
    fn only_trusted_proxies_say_who_the_client_is() {
        let peer = |text: &str| SocketAddr::new(ip(text), 9);
        let proxies = [ip("10.0.0.1"), ip("10.0.0.2")];
        let of = |from: &str, lists: &[&str]| {
            let mut headers = HeaderMap::new();
            for list in lists {
                headers.append(FORWARDED_FOR, list.parse().unwrap());
            }
            client(peer(from), &headers, &proxies).ip()
        };
        assert_eq!(of("192.0.2.9", &["198.51.100.1"]), ip("192.0.2.9"), "anybody can write the header");
        assert_eq!(of("10.0.0.1", &["198.51.100.1"]), ip("198.51.100.1"));
        // What a client made up is before what the proxy saw, also in a header of its own.
        assert_eq!(of("10.0.0.1", &["1.1.1.1, 198.51.100.1"]), ip("198.51.100.1"));
        assert_eq!(of("::ffff:10.0.0.1", &["1.1.1.1", "198.51.100.1 , 10.0.0.2"]), ip("198.51.100.1"));
        // Without a usable word of the proxy, it is the client.
        for list in ["", "unknown", "1.1.1.1, unknown"] {
            assert_eq!(of("10.0.0.1", &[list]), ip("10.0.0.1"), "{list}");
        }
        assert_eq!(of("10.0.0.1", &[]), ip("10.0.0.1"));
    }

    #[test]
    fn connections_of_one_address_are_limited() {
        let all = Connections::default();
        let first = all.open(ip("2001:db8::1"), 2).unwrap();
        let second = all.open(ip("2001:db8::2"), 2);
        assert!(second.is_some() && all.open(ip("2001:db8::3"), 2).is_none());
        assert!(all.open(ip("192.0.2.1"), 2).is_some());
        drop(first);
        assert!(all.open(ip("2001:db8::3"), 2).is_some());
        drop(second);
        assert!(all.0.lock().unwrap().is_empty(), "nothing is kept of those that have gone");
    }
}
