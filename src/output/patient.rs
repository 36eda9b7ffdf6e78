//! Writing to what is shared with other programs: a terminal, a pipe.

use std::io;
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

/// Writes everything, however long the other side takes.
///
/// Any program on the same terminal or pipe may have made it non-blocking: that is a flag of the open file,
/// which all of them share. Then a full one answers "would block", and is waited for. The flag stays as it
/// is, because whoever set it relies on it.
pub fn write_all(to: impl AsFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(&to, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(Errno::AGAIN) => until_writable(&to)?,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// What is gone counts as writable: the next write tells why.
fn until_writable(to: &impl AsFd) -> io::Result<()> {
    match poll(&mut [PollFd::new(to, PollFlags::OUT)], None) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn what_would_block_is_waited_for() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let sent: Vec<u8> = (0..4_000_000_u32).map(|n| n as u8).collect();
        let expected = sent.clone();
        let writing = std::thread::spawn(move || write_all(&ours, &sent).map(|()| ours));
        let mut taken = vec![0; expected.len()];
        theirs.read_exact(&mut taken).unwrap();
        assert_eq!(taken, expected);
        let flags = rustix::fs::fcntl_getfl(writing.join().unwrap().unwrap()).unwrap();
        assert!(flags.contains(rustix::fs::OFlags::NONBLOCK), "the flag is not ours to change");
    }

    #[test]
    fn nobody_on_the_other_side_is_an_error() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        drop(theirs);
        assert_eq!(write_all(&ours, &[0; 100]).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
