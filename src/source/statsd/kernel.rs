//! What the kernel has dropped because nobody read it in time.

use std::net::{IpAddr, SocketAddr};

/// The packets that a UDP socket has lost, as Linux counts them; none where the system does not tell.
pub(super) fn dropped(address: SocketAddr) -> Option<u64> {
    let table = if address.is_ipv4() { "/proc/net/udp" } else { "/proc/net/udp6" };
    count(&std::fs::read_to_string(table).ok()?, address)
}

/// Source: `proc_net(5)`, `/proc/net/udp`: the second column is the local address in hexadecimal, each 32 bits of it in
/// the order of this machine; the last one counts drops.
fn count(table: &str, address: SocketAddr) -> Option<u64> {
    let word = |part: &[u8; 4]| format!("{:08X}", u32::from_ne_bytes(*part));
    let hex = |bytes: &[u8]| bytes.as_chunks().0.iter().map(word).collect::<String>();
    let host = match address.ip() {
        IpAddr::V4(ip) => hex(&ip.octets()),
        IpAddr::V6(ip) => hex(&ip.octets()),
    };
    let local = format!("{host}:{:04X}", address.port());
    let line = table.lines().find(|line| line.split_whitespace().nth(1) == Some(&local))?;
    line.split_whitespace().last()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drops_of_a_socket_are_found() {
        let table = "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n\
             1078: 0100007F:1FBD 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 29087 2 0 4711\n\
             1079: 00000000:1FBD 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 29088 2 0 3\n";
        let found = |address: &str| count(table, address.parse().unwrap());
        assert_eq!(
            (found("127.0.0.1:8125"), found("0.0.0.0:8125"), found("127.0.0.1:8126")),
            (Some(4711), Some(3), None)
        );
    }
}
