//! Where a request comes from: the socket, or the forwarding header of a trusted proxy only.

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, header, request::Parts};
use ipnet::IpNet;
use muster_app::{Channel, Origin};

use crate::context::Web;

/// The client's address. `X-Forwarded-For` is read from the right, skipping proxies that are trusted; the first
/// address that is not one of them is the client.
pub(crate) fn address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |ip: IpAddr| trusted.iter().any(|net| net.contains(&ip.to_canonical()));
    let mut client = peer.to_canonical();
    if !is_trusted(client) {
        return client;
    }
    let hops: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    for hop in hops.iter().rev() {
        let parsed = hop.parse::<IpAddr>().or_else(|_| hop.parse::<SocketAddr>().map(|a| a.ip()));
        let Ok(ip) = parsed else { break };
        client = ip.to_canonical();
        if !is_trusted(client) {
            break;
        }
    }
    client
}

/// The origin of a request.
pub(crate) fn origin(parts: &Parts, web: &Web, channel: Channel) -> Origin {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|c| c.0.ip());
    let address = peer.map(|p| address(p, &parts.headers, &web.settings.trusted_proxies).to_string());
    let agent = parts.headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    Origin { channel, address: address.unwrap_or_default(), user_agent: agent.chars().take(200).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: Option<&'static str>, trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        if let Some(value) = forwarded {
            headers.insert("x-forwarded-for", value.parse().unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|t| t.parse().unwrap()).collect();
        address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn a_stranger_cannot_choose_an_address() {
        assert_eq!(client("203.0.113.9", Some("10.0.0.1"), &[]), "203.0.113.9");
        assert_eq!(client("203.0.113.9", Some("10.0.0.1"), &["10.0.0.0/8"]), "203.0.113.9");
    }

    #[test]
    fn behind_trusted_proxies_the_last_untrusted_hop_counts() {
        assert_eq!(client("10.0.0.2", Some("1.2.3.4, 198.51.100.7, 10.0.0.1"), &["10.0.0.0/8"]), "198.51.100.7");
        assert_eq!(client("10.0.0.2", Some("nonsense"), &["10.0.0.0/8"]), "10.0.0.2");
        assert_eq!(client("10.0.0.2", Some("[2001:db8::1]:443"), &["10.0.0.0/8"]), "2001:db8::1");
        assert_eq!(client("::ffff:10.0.0.2", Some("198.51.100.7"), &["10.0.0.0/8"]), "198.51.100.7");
    }
}
