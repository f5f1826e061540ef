//! Where a miner may be: an IP address and a port, reached over QUIC.
//!
//! A miner's entry comes from the chain, where a stranger wrote it. It must not make the validator ask a machine of the
//! operator's own network, or any path but a miner's. HTTP is for miners on the same machine: it shows inputs and salts to
//! everybody on the way.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use thiserror::Error;

/// An address that is not asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum AddressError {
    #[error("expected quic://IP:PORT")]
    Form,
    #[error("{0} is not a global address: `validator.dispatch.private_addresses` allows it")]
    NotGlobal(IpAddr),
    #[error("requests to {0} over HTTP are not encrypted: `validator.dispatch.plain_http` allows it")]
    Plain(IpAddr),
}

/// Where a miner is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Over QUIC.
    Quic(SocketAddr),
    /// In the clear.
    Http(SocketAddr),
}

/// Reads a miner's address. `private` allows addresses that are not global, `plain` those in the clear that are not this
/// machine's.
pub(super) fn place(address: &str, private: bool, plain: bool) -> Result<Place, AddressError> {
    let (kind, rest): (fn(SocketAddr) -> Place, _) = match address.split_once("://") {
        Some(("quic", rest)) => (Place::Quic, rest),
        Some(("http", rest)) => (Place::Http, rest),
        _ => return Err(AddressError::Form),
    };
    let at: SocketAddr = rest.strip_suffix('/').unwrap_or(rest).parse().map_err(|_| AddressError::Form)?;
    // A zone is none of a global address, and 0 is no port.
    if at.port() == 0 || matches!(at, SocketAddr::V6(v6) if v6.scope_id() != 0) {
        return Err(AddressError::Form);
    }
    let place = kind(at);
    if !private && !is_global(at.ip()) {
        return Err(AddressError::NotGlobal(at.ip()));
    }
    let here = at.ip().to_canonical().is_loopback();
    if matches!(place, Place::Http(_)) && !here && !plain {
        return Err(AddressError::Plain(at.ip()));
    }
    Ok(place)
}

/// Whether an address is one of the public internet's: IANA's registries of special-purpose addresses, RFC 6890.
fn is_global(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_global_v4(ip),
        IpAddr::V6(ip) => is_global_v6(ip),
    }
}

fn is_global_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = match a {
        // "This network", loopback, multicast and reserved.
        0 | 127 | 224.. => true,
        // Shared by carriers' NATs, and benchmarks of networks.
        100 => (64..128).contains(&b),
        198 => b == 18 || b == 19,
        // Protocol assignments, and 6to4 relays.
        192 => (b == 0 && c == 0) || (b == 88 && c == 99),
        _ => false,
    };
    !special && !ip.is_private() && !ip.is_link_local() && !ip.is_documentation()
}

fn is_global_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    // Global unicast is 2000::/3. Not so: protocol assignments with Teredo, documentation, and 6to4, which hides an IPv4
    // address.
    let unicast = a & 0xe000 == 0x2000;
    let special = (a == 0x2001 && (b < 0x200 || b == 0xdb8)) || a == 0x2002 || (a == 0x3fff && b < 0x1000);
    unicast && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_miner_is_at_a_global_address_and_a_port() {
        for address in ["93.184.216.34:8080", "[2606:2800:220:1::1]:1"] {
            let at = address.parse().unwrap();
            for end in ["", "/"] {
                assert_eq!(place(&format!("quic://{address}{end}"), false, false), Ok(Place::Quic(at)));
                assert_eq!(place(&format!("http://{address}{end}"), false, true), Ok(Place::Http(at)));
            }
        }
        for address in [
            "",
            "93.184.216.34:8080",
            "quic://",
            "https://93.184.216.34:8080",
            "ftp://93.184.216.34:1",
            "QUIC://93.184.216.34:1",
            "quic://93.184.216.34",
            "quic://93.184.216.34:0",
            "quic://93.184.216.34:99999",
            "quic://example.com:8080",
            "http://localhost:8080",
            "http://93.184.216.34:80/latest/api",
            "quic://93.184.216.34:80/?x=",
            "quic://93.184.216.34:80//",
            "quic://a@93.184.216.34:80",
            "quic://:b@93.184.216.34:80",
            "quic://[::1",
            "quic://[fe80::1%1]:80",
            // Other writings of an address.
            "http://127.1:80",
            "http://0x7f000001:80",
            "http://2130706433:80",
            "http://0177.0.0.1:80",
        ] {
            assert_eq!(place(address, true, true), Err(AddressError::Form), "{address}");
        }
    }

    #[test]
    fn requests_in_the_clear_stay_on_this_machine() {
        for here in ["http://127.0.0.1:80", "http://[::1]:80", "http://[::ffff:127.0.0.1]:80"] {
            assert!(matches!(place(here, true, false), Ok(Place::Http(_))), "{here}");
        }
        for away in ["10.1.2.3", "93.184.216.34", "[2606:2800:220:1::1]", "0.0.0.0", "[::]", "[::ffff:10.1.2.3]"] {
            let address = format!("http://{away}:80");
            assert!(matches!(place(&address, true, false), Err(AddressError::Plain(_))), "{away}");
            assert!(matches!(place(&address, true, true), Ok(Place::Http(_))), "{away}");
            assert!(matches!(place(&format!("quic://{away}:80"), true, false), Ok(Place::Quic(_))), "{away}");
        }
    }

    #[test]
    fn private_addresses_need_the_option() {
        for ip in [
            "127.0.0.1",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:93.184.216.34]",
            "[64:ff9b::7f00:1]",
            "[fe80::1]",
            "[fc00::1]",
            "[fd00:ec2::254]",
            "[ff02::1]",
            "[2001::1]",
            "[2001:db8::1]",
            "[2002:7f00:1::]",
            "[3fff::1]",
        ] {
            for scheme in ["quic", "http"] {
                let address = format!("{scheme}://{ip}:80");
                assert!(matches!(place(&address, false, true), Err(AddressError::NotGlobal(_))), "{address}");
                assert!(place(&address, true, true).is_ok(), "{address}");
            }
        }
    }
}
