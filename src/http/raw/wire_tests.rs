use super::*;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpListener;
use tokio_tungstenite::WebSocketStream;

type Client = WebSocketStream<TcpStream>;

/// Both ends of a line: ours, and a client of another implementation's driver.
async fn line(early: &[u8]) -> (Wire, Client) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (client, server) = tokio::join!(TcpStream::connect(address), listener.accept());
    let wire = Wire::open(server.unwrap().0, "", early.to_vec())
        .await
        .unwrap();
    let client = WebSocketStream::from_raw_socket(client.unwrap(), Role::Client, None).await;
    (wire, client)
}

async fn next(wire: &mut Wire, longest: usize) -> Event {
    loop {
        if let Some(event) = wire.ready(longest) {
            return event;
        }
        wire.more().await.unwrap();
    }
}

#[tokio::test]
async fn messages_arrive_and_texts_leave() {
    let (mut wire, mut client) = line(&[]).await;
    client.send(Message::text("hello")).await.unwrap();
    client
        .send(Message::binary(vec![7; 300_000]))
        .await
        .unwrap();
    assert!(matches!(next(&mut wire, 10).await, Event::Text(text) if text == "hello"));
    assert!(
        matches!(next(&mut wire, 300_000).await, Event::Binary(bytes) if bytes == vec![7; 300_000])
    );
    wire.say("there".into()).await.unwrap();
    wire.flush().await.unwrap();
    assert_eq!(
        client.next().await.unwrap().unwrap(),
        Message::text("there")
    );
}

#[tokio::test]
async fn what_was_read_with_the_handshake_is_a_message() {
    // A masked text "hi" with a mask of zeros (RFC 6455, section 5.2).
    let (mut wire, _client) = line(&[0x81, 0x82, 0, 0, 0, 0, b'h', b'i']).await;
    assert!(matches!(wire.ready(10), Some(Event::Text(text)) if text == "hi"));
}

#[tokio::test]
async fn a_ping_is_answered_while_nothing_is_said() {
    let (mut wire, mut client) = line(&[]).await;
    let pinged = async {
        client
            .send(Message::Ping(Bytes::from_static(b"1")))
            .await
            .unwrap();
        client.next().await.unwrap().unwrap()
    };
    let pong = tokio::select! {
        pong = pinged => pong,
        event = next(&mut wire, 10) => panic!("{event:?}"),
    };
    assert_eq!(pong, Message::Pong(Bytes::from_static(b"1")));
}

#[tokio::test]
async fn a_message_that_is_too_long_is_known_by_its_header() {
    let (mut wire, mut client) = line(&[]).await;
    // A binary frame of a million bytes is announced, and none of them is sent.
    let header = [0x82, 0xFF, 0, 0, 0, 0, 0, 0x0F, 0x42, 0x40, 0, 0, 0, 0];
    client.get_mut().write_all(&header).await.unwrap();
    assert!(matches!(next(&mut wire, 999_999).await, Event::TooLong));
}

#[tokio::test]
async fn a_message_in_many_parts_is_held_to_the_same_limit() {
    let (mut wire, mut client) = line(&[]).await;
    // A text's first part and its continuation, each of three bytes, with masks of zeros.
    let parts = [
        0x01, 0x83, 0, 0, 0, 0, b'a', b'b', b'c', 0x80, 0x83, 0, 0, 0, 0, b'd', b'e', b'f',
    ];
    client.get_mut().write_all(&parts).await.unwrap();
    assert!(matches!(next(&mut wire, 5).await, Event::TooLong));
}

#[tokio::test]
async fn bytes_that_are_no_message_are_told_apart_from_an_end() {
    let (mut wire, mut client) = line(&[]).await;
    client.get_mut().write_all(&[0xFF; 20]).await.unwrap();
    assert!(matches!(
        next(&mut wire, 1_000).await,
        Event::Broken(_) | Event::TooLong
    ));
    let (mut wire, client) = line(&[]).await;
    drop(client);
    assert!(matches!(next(&mut wire, 10).await, Event::Closed(1006)));
}

#[tokio::test]
async fn the_last_words_reach_a_client_that_still_sends_much() {
    let (mut wire, client) = line(&[]).await;
    let (mut to, mut from) = client.split();
    let sent = async move {
        to.send(Message::binary(vec![0; 30_000_000])).await.unwrap();
    };
    let heard = async move {
        let mut all = Vec::new();
        while let Some(Ok(message)) = from.next().await {
            all.push(message);
        }
        all
    };
    let served = async {
        assert!(matches!(next(&mut wire, 1_000).await, Event::TooLong));
        wire.say("too long".into()).await.unwrap();
        wire.close(1000).await;
    };
    let ((), (), heard) = tokio::join!(sent, served, heard);
    assert_eq!(heard[0], Message::text("too long"));
    assert!(matches!(&heard[1], Message::Close(Some(frame)) if frame.code == CloseCode::Normal));
}

#[tokio::test]
async fn a_client_that_closes_hears_the_same_code() {
    let (mut wire, mut client) = line(&[]).await;
    client.close(None).await.unwrap();
    let Event::Closed(code) = next(&mut wire, 10).await else {
        panic!()
    };
    assert_eq!(code, 1005);
    let closed = async move { while client.next().await.is_some() {} };
    tokio::join!(wire.close(code), closed);
}
