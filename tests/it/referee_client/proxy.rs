//! A line that breaks: passes bytes on to the server, and cuts the first connection when enough have gone by, or with the
//! server itself.

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

/// Listens, and passes the first connection on until the server says this. Then `exchange` gives the address of the server that
/// takes its place, the client is told the words, and its connection is cut.
pub fn that_exchanges_the_server(
    server: &str,
    words: &'static str,
    exchange: impl FnOnce() -> String + Send + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let at = listener.local_addr().unwrap();
    let first = TcpStream::connect(server).unwrap();
    std::thread::spawn(move || {
        let (client, _) = listener.accept().unwrap();
        pass_on(&client, &first, usize::MAX);
        let held_back = pass_on_up_to(words.as_bytes(), &first, &client);
        let server = exchange();
        (&client).write_all(&held_back).unwrap();
        client.shutdown(Shutdown::Both).unwrap();
        while let Ok((client, _)) = listener.accept() {
            let server = TcpStream::connect(&server).unwrap();
            pass_on(&server, &client, usize::MAX);
            pass_on(&client, &server, usize::MAX);
        }
    });
    at
}

/// Passes messages on until one holds these words, which is given back instead.
fn pass_on_up_to(words: &[u8], mut from: &TcpStream, mut to: &TcpStream) -> Vec<u8> {
    let mut piece = [0; 4096];
    loop {
        let read = from.read(&mut piece).unwrap();
        assert_ne!(read, 0, "the server has gone by itself");
        let said = &piece[..read];
        if said.windows(words.len()).any(|part| part == words) {
            return said.to_vec();
        }
        to.write_all(said).unwrap();
    }
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
