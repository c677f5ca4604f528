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
    next_in(wire, refusing(longest)).await
}

fn refusing(hold: usize) -> Room {
    let longer = Longer::Refuse;
    Room { hold, longer }
}

async fn next_in(wire: &mut Wire, room: Room) -> Event {
    loop {
        match wire.ready(room) {
            Some(Event::Control) => wire.turn().await.unwrap(),
            Some(event) => return event,
            None => wire.more().await.unwrap(),
        }
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
    assert!(matches!(wire.ready(refusing(10)), Some(Event::Text(text)) if text == "hi"));
}

#[tokio::test]
async fn each_ping_is_told_so_that_its_answer_may_leave_before_the_next_is_read() {
    let (mut wire, mut client) = line(&[]).await;
    let ping = [0x89, 0x81, 0, 0, 0, 0, b'p'];
    client.get_mut().write_all(&ping.repeat(3)).await.unwrap();
    wire.more().await.unwrap();
    for _ in 0..3 {
        assert!(matches!(wire.ready(refusing(10)), Some(Event::Control)));
    }
    assert!(wire.ready(refusing(10)).is_none());
}

#[tokio::test]
async fn a_message_of_endless_empty_frames_is_refused() {
    let (mut wire, mut client) = line(&[]).await;
    let begin = [0x02, 0x80, 0, 0, 0, 0];
    let more = [0x00, 0x80, 0, 0, 0, 0].repeat(70_000);
    let sent = async {
        client.get_mut().write_all(&begin).await.unwrap();
        // The server may stop to read before all is sent.
        drop(client.get_mut().write_all(&more).await);
        std::future::pending::<()>().await
    };
    let event = tokio::select! {
        () = sent => unreachable!(),
        event = next(&mut wire, 10) => event,
    };
    assert!(
        matches!(event, Event::TooLong { is_text: false }),
        "{event:?}"
    );
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
    assert!(matches!(
        next(&mut wire, 999_999).await,
        Event::TooLong { is_text: false }
    ));
}

#[tokio::test]
async fn a_message_in_many_parts_is_held_to_the_same_limit() {
    let (mut wire, mut client) = line(&[]).await;
    // A text's first part and its continuation, each of three bytes, with masks of zeros.
    let parts = [
        0x01, 0x83, 0, 0, 0, 0, b'a', b'b', b'c', 0x80, 0x83, 0, 0, 0, 0, b'd', b'e', b'f',
    ];
    client.get_mut().write_all(&parts).await.unwrap();
    assert!(matches!(
        next(&mut wire, 5).await,
        Event::TooLong { is_text: true }
    ));
}

#[tokio::test]
async fn bytes_that_are_no_message_are_told_apart_from_an_end() {
    let (mut wire, mut client) = line(&[]).await;
    client.get_mut().write_all(&[0xFF; 20]).await.unwrap();
    assert!(matches!(
        next(&mut wire, 1_000).await,
        Event::Broken { code: 1002, .. }
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
        assert!(matches!(
            next(&mut wire, 1_000).await,
            Event::TooLong { is_text: false }
        ));
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

#[tokio::test]
async fn a_message_without_room_is_thrown_away_and_those_around_it_arrive() {
    let (mut wire, mut client) = line(&[]).await;
    let room = Room {
        hold: 10,
        longer: Longer::Throw(1_000_000),
    };
    let sent = async {
        client.send(Message::text("before")).await.unwrap();
        client
            .send(Message::binary(vec![7; 1_000_000]))
            .await
            .unwrap();
        client.send(Message::text("behind")).await.unwrap();
        client
            .send(Message::binary(vec![7; 1_000_001]))
            .await
            .unwrap();
    };
    let heard = async {
        assert!(matches!(next_in(&mut wire, room).await, Event::Text(text) if text == "before"));
        assert!(matches!(
            next_in(&mut wire, room).await,
            Event::Thrown(1_000_000)
        ));
        assert!(matches!(next_in(&mut wire, room).await, Event::Text(text) if text == "behind"));
        assert!(matches!(
            next_in(&mut wire, room).await,
            Event::TooLong { is_text: false }
        ));
    };
    tokio::join!(sent, heard);
}

#[tokio::test]
async fn a_message_in_parts_is_thrown_away_as_a_whole_and_pings_among_them_are_answered() {
    let (mut wire, mut client) = line(&[]).await;
    let room = Room {
        hold: 5,
        longer: Longer::Throw(100),
    };
    // Binary parts of three bytes each, a ping among them, and then a text; masks of zeros.
    let part = |first: u8, text: &[u8; 3]| [&[first, 0x83, 0, 0, 0, 0][..], text].concat();
    let parts = [
        part(0x02, b"abc"),
        part(0x00, b"def"),
        part(0x89, b"png"),
        part(0x80, b"ghi"),
        part(0x81, b"txt"),
    ];
    client.get_mut().write_all(&parts.concat()).await.unwrap();
    assert!(matches!(next_in(&mut wire, room).await, Event::Thrown(9)));
    assert!(matches!(next_in(&mut wire, room).await, Event::Text(text) if text == "txt"));
    wire.flush().await.unwrap();
    assert_eq!(
        client.next().await.unwrap().unwrap(),
        Message::Pong(Bytes::from_static(b"png"))
    );
}

#[tokio::test]
async fn a_message_may_wait_for_room_and_loses_nothing() {
    let (mut wire, mut client) = line(&[]).await;
    client.send(Message::text("first")).await.unwrap();
    client.send(Message::binary(vec![7; 100])).await.unwrap();
    let room = Room {
        hold: 10,
        longer: Longer::Wait,
    };
    assert!(matches!(next_in(&mut wire, room).await, Event::Text(text) if text == "first"));
    while wire.ready(room).is_none() && !wire.waits() {
        wire.more().await.unwrap();
    }
    assert!(wire.waits());
    assert!(matches!(next(&mut wire, 100).await, Event::Binary(bytes) if bytes == vec![7; 100]));
}

#[tokio::test]
async fn the_memory_of_large_messages_is_given_back_and_nothing_is_lost() {
    let (mut wire, mut client) = line(&[]).await;
    assert_eq!(wire.buffer, SPARE, "before it is known what is to come");
    wire.expect_large(true);
    client
        .send(Message::binary(vec![7; 300_000]))
        .await
        .unwrap();
    wire.more().await.unwrap();
    let large = next(&mut wire, 300_000).await;
    assert!(matches!(large, Event::Binary(bytes) if bytes.len() == 300_000));
    assert_eq!(wire.buffer, READ);
    // The half of a message is on the line when the buffer goes: its header, and one of its two bytes.
    let half = [0x81, 0x82, 0, 0, 0, 0, b'h'];
    client.get_mut().write_all(&half).await.unwrap();
    while wire.stream.is_between() {
        wire.more().await.unwrap();
        assert!(wire.ready(refusing(10)).is_none());
    }
    wire.expect_large(false);
    client.get_mut().write_all(b"i").await.unwrap();
    assert!(matches!(next(&mut wire, 10).await, Event::Text(text) if text == "hi"));
    assert_eq!(
        wire.buffer, READ,
        "the half of a message stayed where it was"
    );
    client.send(Message::text("more")).await.unwrap();
    wire.more().await.unwrap();
    assert_eq!(wire.buffer, SPARE);
    assert!(matches!(next(&mut wire, 10).await, Event::Text(text) if text == "more"));
}

#[tokio::test]
async fn a_text_that_is_no_utf_8_is_told_apart_from_other_noise() {
    let (mut wire, mut client) = line(&[]).await;
    let text = [0x81, 0x82, 0, 0, 0, 0, 0xC3, 0x28];
    client.get_mut().write_all(&text).await.unwrap();
    assert!(matches!(
        next(&mut wire, 10).await,
        Event::Broken { code: 1007, .. }
    ));
    let (mut wire, mut client) = line(&[]).await;
    // A ping of 126 bytes.
    let ping = [0x89, 0xFE, 0, 126, 0, 0, 0, 0];
    client.get_mut().write_all(&ping).await.unwrap();
    assert!(matches!(
        next(&mut wire, 10).await,
        Event::Broken { code: 1002, .. }
    ));
}
