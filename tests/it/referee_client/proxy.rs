//! A line that breaks: passes bytes on to the server, and cuts the first connection when enough have gone by.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
};

/// Listens; its first connection is cut after so many bytes from the client, the others live.
pub fn that_cuts_after(server: &str, bytes: usize) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let at = listener.local_addr().unwrap();
    let server = server.to_owned();
    std::thread::spawn(move || {
        let mut most = bytes;
        while let Ok((client, _)) = listener.accept() {
            let server = TcpStream::connect(&server).unwrap();
            pass_on(&server, &client, usize::MAX);
            pass_on(&client, &server, std::mem::replace(&mut most, usize::MAX));
        }
    });
    at
}

/// Passes one way on, until it ends or so many bytes have gone; then both ways are cut.
fn pass_on(from: &TcpStream, to: &TcpStream, most: usize) {
    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
    std::thread::spawn(move || {
        let mut left = most;
        let mut piece = [0; 4096];
        while left > 0 {
            let Ok(read @ 1..) = from.read(&mut piece) else {
                break;
            };
            left = left.saturating_sub(read);
            if to.write_all(&piece[..read]).is_err() {
                break;
            }
        }
        for stream in [from, to] {
            // It may be cut already, by the other way.
            let _ = stream.shutdown(Shutdown::Both);
        }
    });
}
