//! Where a miner may be: an IP address and a port, reached over HTTP.
//!
//! A miner's entry comes from the chain, where a stranger wrote it. It must not make the validator ask a machine of the
//! operator's own network, or any path but a miner's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;
use thiserror::Error;

/// An address that is not asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum AddressError {
    #[error("not a URL")]
    Url,
    #[error("expected http://IP:PORT")]
    Form,
    #[error("{0} is not a global address: `validator.dispatch.private_addresses` allows it")]
    NotGlobal(IpAddr),
}

/// The URL of `path` at a miner's address.
pub(super) fn at(address: &str, path: &str, private: bool) -> Result<Url, AddressError> {
    let mut url = Url::parse(address).map_err(|_| AddressError::Url)?;
    // The parser has brought numbers such as 0x7f.1 into the usual form, and put IPv6 into brackets.
    let host = url.host_str().unwrap_or_default();
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let ip: IpAddr = host.parse().map_err(|_| AddressError::Form)?;
    let bare =
        url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    if url.scheme() != "http" || url.path() != "/" || !bare {
        return Err(AddressError::Form);
    }
    if !private && !is_global(ip) {
        return Err(AddressError::NotGlobal(ip));
    }
    url.set_path(path);
    Ok(url)
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
        let at = |address| at(address, "/v1/prove", false).map(String::from);
        for (address, url) in [
            ("http://93.184.216.34:8080", "http://93.184.216.34:8080/v1/prove"),
            ("http://93.184.216.34:8080/", "http://93.184.216.34:8080/v1/prove"),
            ("http://[2606:2800:220:1::1]:1", "http://[2606:2800:220:1::1]:1/v1/prove"),
        ] {
            assert_eq!(at(address).as_deref(), Ok(url));
        }
        for address in [
            "https://93.184.216.34:8080",
            "ftp://93.184.216.34",
            "http://example.com:8080",
            "http://localhost:8080",
            "http://93.184.216.34/latest/api",
            "http://93.184.216.34/?x=",
            "http://93.184.216.34/#",
            "http://a@93.184.216.34/",
            "http://:b@93.184.216.34/",
        ] {
            assert_eq!(at(address), Err(AddressError::Form), "{address}");
        }
        for address in ["", "93.184.216.34:8080", "http://", "http://93.184.216.34:99999", "http://[::1"] {
            assert_eq!(at(address), Err(AddressError::Url), "{address}");
        }
    }

    #[test]
    fn private_addresses_need_the_option() {
        for ip in [
            "127.0.0.1",
            "127.1",
            "0x7f000001",
            "2130706433",
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
            let address = format!("http://{ip}:80");
            assert!(matches!(at(&address, "/", false), Err(AddressError::NotGlobal(_))), "{ip}");
            assert!(at(&address, "/", true).is_ok(), "{ip}");
        }
    }
}
