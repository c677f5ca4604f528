//! Sockets over real connections, in front of real keepers and a scripted model.

use super::*;
use crate::{
    actors::{
        registry::{Name, OpenError, OpenSession, SessionHandle},
        test_support::{House, SIDE, StudyLog, UNREADABLE, Vaults, eventually, refusing, soon},
    },
    engine::{
        RunError,
        scripted::{Act, Gate, Scripted},
    },
    http::raw::{Seat, ingest::Ingest},
    pipelines::{Kept, Lane},
    session::{Command, EndReason, SessionId},
};
use actix::Addr;
use futures_util::{SinkExt as _, StreamExt as _, future::BoxFuture};
use serde_json::{Value, json};
use std::num::NonZeroUsize;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, protocol::Role},
};

/// Opens scripted sessions, and finds those that run.
struct Double {
    registry: Addr<crate::actors::registry::Registry>,
    directory: crate::actors::registry::Directory,
    vaults: Arc<Vaults>,
    log: StudyLog,
    change: fn(&mut Kept),
}

impl Opens for Double {
    fn open(&self, start: Start) -> BoxFuture<'static, Result<SessionHandle, Fault>> {
        let id = start.bout.id.clone();
        if let Some(handle) = self.directory.find(id.as_str()).filter(|_| start.resume) {
            return Box::pin(async { Ok(handle) });
        }
        let (vaults, log, change) = (Arc::clone(&self.vaults), self.log.clone(), self.change);
        let open = self.registry.send(OpenSession {
            limit: refusing(8),
            model: "scripted".into(),
            name: Name::Given(id.clone()),
            pipeline: "test",
            opener: Box::new(move || {
                let mut kept = vaults.kept(start.bout.id.as_str(), &log);
                kept.bout = start.bout;
                change(&mut kept);
                Ok(Lane::from(kept))
            }),
        });
        Box::pin(async move {
            open.await.unwrap().map_err(|error| match error {
                OpenError::Exists => Fault::exists(id.as_str()),
                other => Fault::internal(other.to_string()),
            })
        })
    }

    fn gone(&self, _: SessionId) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
}

struct Bench {
    house: House,
    vaults: Arc<Vaults>,
    ingest: Ingest,
    parts: Parts,
    drain: watch::Sender<Option<Duration>>,
}

impl Bench {
    async fn new() -> Self {
        Self::with(Scripted::new([])).await
    }

    async fn with(script: Scripted) -> Self {
        Self::with_kept(script, |_| {}).await
    }

    async fn with_kept(script: Scripted, change: fn(&mut Kept)) -> Self {
        let house = House::new(script, 8).await;
        let vaults = Arc::new(Vaults::new(1 << 24));
        let opens = Arc::new(Double {
            registry: house.registry.clone(),
            directory: house.directory.clone(),
            vaults: Arc::clone(&vaults),
            log: StudyLog::default(),
            change,
        });
        let (drain, draining) = watch::channel(None);
        let limits = Limits {
            text: 4_096,
            frame: 100_000,
            signal: 1_000,
        };
        let terms = Terms {
            enabled: true,
            limits,
            silence: Duration::from_secs(600),
            progress_per_second: NonZeroU32::new(10).unwrap(),
        };
        Self {
            house,
            vaults,
            ingest: Ingest::start(NonZeroUsize::MIN).unwrap(),
            parts: Parts {
                opens,
                terms,
                drain: draining,
            },
            drain,
        }
    }

    async fn connect(&self) -> Client {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (client, server) = tokio::join!(TcpStream::connect(address), listener.accept());
        let upgraded = Upgraded {
            stream: server.unwrap().0.into_std().unwrap(),
            answer: String::new(),
            early: Vec::new(),
            seat: Seat::none(),
        };
        self.ingest.spawn(serve(upgraded, self.parts.clone()));
        Client(WebSocketStream::from_raw_socket(client.unwrap(), Role::Client, None).await)
    }

    async fn open(&self, id: &str) -> Client {
        let mut client = self.connect().await;
        client.say(start(id)).await;
        assert_eq!(
            client.hear().await,
            json!({"type": "session_started", "session_id": id})
        );
        client
    }
}

struct Client(WebSocketStream<TcpStream>);

impl Client {
    async fn say(&mut self, message: Value) {
        self.0
            .send(Message::text(message.to_string()))
            .await
            .unwrap();
    }

    async fn send(&mut self, bytes: Vec<u8>) {
        self.0.send(Message::binary(bytes)).await.unwrap();
    }

    async fn frame(&mut self, number: u64) {
        self.say(frame(number)).await;
        self.send(pixels()).await;
    }

    async fn message(&mut self) -> Message {
        soon("a message", self.0.next()).await.unwrap().unwrap()
    }

    async fn hear(&mut self) -> Value {
        match self.message().await {
            Message::Text(text) => serde_json::from_str(&text).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    /// The code of the error that comes next, and the code that the socket is closed with after it.
    async fn refusal(&mut self) -> (String, u16) {
        let mut error = self.hear().await;
        while error["type"] == "process_progress" {
            error = self.hear().await;
        }
        assert_eq!(
            (&error["type"], &error["recoverable"]),
            (&json!("error"), &json!(false))
        );
        (
            error["error_code"].as_str().unwrap().to_owned(),
            self.close_code().await,
        )
    }

    /// The code and the words of the error that comes next.
    async fn words(&mut self) -> (String, String) {
        let error = self.hear().await;
        let text = |field: &str| error[field].as_str().unwrap_or_default().to_owned();
        (text("error_code"), text("error_message"))
    }

    async fn close_code(&mut self) -> u16 {
        match self.message().await {
            Message::Close(Some(frame)) => frame.code.into(),
            other => panic!("{other:?}"),
        }
    }

    async fn signal(&mut self, bytes: &[u8]) {
        self.say(json!({"type": "signal", "session_id": "a", "filename": "bout.txt", "size": bytes.len()}))
            .await;
        self.send(bytes.to_vec()).await;
    }
}

fn start(id: &str) -> Value {
    json!({"type": "session_start", "session_id": id, "fps": 15.0, "width": SIDE, "height": SIDE})
}

fn resume(id: &str) -> Value {
    let mut start = start(id);
    start["resume"] = true.into();
    start
}

fn frame(number: u64) -> Value {
    json!({"type": "frame", "session_id": "a", "frame_number": number, "timestamp": 1.5, "encoding": "raw"})
}

/// A raw frame of the sessions here.
fn pixels() -> Vec<u8> {
    vec![7; (SIDE * SIDE * 3) as usize]
}

fn ack(number: u64, status: &str) -> Value {
    json!({"type": "frame_ack", "session_id": "a", "frame_number": number, "status": status})
}

#[actix::test]
async fn frames_are_acknowledged_and_the_end_is_judged() {
    let bench = Bench::new().await;
    let mut client = bench.open("a").await;
    for number in 0..10 {
        client.frame(number).await;
        assert_eq!(client.hear().await, ack(number, "received"));
    }
    client
        .say(json!({"type": "session_end", "session_id": "a", "total_frames": 10}))
        .await;
    let ended = client.hear().await;
    assert_eq!(
        (&ended["type"], &ended["validation"]["valid"]),
        (&json!("session_ended"), &json!(true))
    );
    assert_eq!(ended["validation"]["frame_count"], 10);
    assert_eq!(ended["validation"]["has_signal"], false);
}

#[actix::test]
async fn a_client_that_does_not_wait_is_answered_in_order() {
    let bench = Bench::new().await;
    let mut client = bench.open("a").await;
    for number in 0..200 {
        client.frame(number).await;
    }
    for number in 0..200 {
        assert_eq!(client.hear().await, ack(number, "received"));
    }
}

#[actix::test]
async fn a_number_that_is_held_is_acknowledged_as_a_duplicate() {
    let bench = Bench::new().await;
    let mut client = bench.open("a").await;
    client.frame(100).await;
    client.frame(100).await;
    assert_eq!(client.hear().await, ack(100, "received"));
    assert_eq!(client.hear().await, ack(100, "duplicate"));
    client.say(json!({"type": "ping"})).await;
    assert_eq!(
        client.hear().await,
        json!({"type": "pong"}),
        "and nothing else was said"
    );
}

#[actix::test]
async fn a_connection_that_broke_is_followed_by_one_that_goes_on() {
    let bench = Bench::new().await;
    let mut first = bench.open("a").await;
    for number in [0, 1, 4] {
        first.frame(number).await;
        first.hear().await;
    }
    // In the middle of a frame.
    first.say(frame(5)).await;
    drop(first);
    let mut second = bench.connect().await;
    second.say(resume("a")).await;
    let mut started = second.hear().await;
    // The first socket may not have heard yet that its client left.
    while started["type"] == "error" {
        second = bench.connect().await;
        second.say(resume("a")).await;
        started = second.hear().await;
    }
    let expected =
        json!({"type": "session_started", "session_id": "a", "next_frame": 5, "missing": [2, 3]});
    assert_eq!(started, expected);
    second.frame(2).await;
    assert_eq!(second.hear().await, ack(2, "received"));
}

#[actix::test]
async fn a_session_is_written_by_one_connection_at_a_time() {
    let bench = Bench::new().await;
    let mut first = bench.open("a").await;
    let mut second = bench.connect().await;
    second.say(resume("a")).await;
    assert_eq!(
        second.refusal().await,
        ("SESSION_START_FAILED".into(), 1000)
    );
    let mut third = bench.connect().await;
    third.say(start("a")).await;
    let error = third.hear().await;
    assert_eq!(
        (&error["error_message"], &error["session_id"]),
        (&json!("Session a already exists"), &json!("a"))
    );
    first.frame(0).await;
    assert_eq!(first.hear().await, ack(0, "received"));
}

#[actix::test]
async fn one_connection_may_resume_the_session_that_it_has_itself() {
    let bench = Bench::new().await;
    let mut client = bench.open("a").await;
    client.say(resume("a")).await;
    assert_eq!(client.hear().await["next_frame"], 0);
}

#[actix::test]
async fn a_session_of_another_size_is_not_resumed() {
    let bench = Bench::new().await;
    drop(bench.open("a").await);
    let mut start = resume("a");
    start["width"] = 9.into();
    eventually("it is free", || bench.house.directory.find("a").is_some()).await;
    let mut client = bench.connect().await;
    client.say(start).await;
    assert_eq!(client.refusal().await.0, "SESSION_START_FAILED");
}

#[actix::test]
async fn a_frame_that_is_too_long_is_refused_in_words_that_arrive() {
    let bench = Bench::new().await;
    let mut client = bench.open("a").await;
    client.say(frame(0)).await;
    // The client does not read before all has left.
    client.send(vec![0; 20_000_000]).await;
    assert_eq!(
        client.refusal().await,
        ("FRAME_PROCESSING_FAILED".into(), 1000)
    );
}

#[actix::test]
async fn a_signal_that_is_too_long_leaves_the_session_to_be_resumed() {
    let bench = Bench::new().await;
    let mut client = bench.open("a").await;
    client.frame(0).await;
    client.hear().await;
    client.signal(&vec![b'x'; 20_000_000]).await;
    assert_eq!(client.refusal().await, ("INVALID_MESSAGE".into(), 1000));
    let mut client = bench.connect().await;
    client.say(resume("a")).await;
    assert_eq!(client.hear().await["next_frame"], 1);
}

#[actix::test]
async fn a_signal_that_cannot_be_read_leaves_the_session_to_be_resumed() {
    let bench = Bench::new().await;
    let mut client = bench.open("a").await;
    client.frame(0).await;
    client.hear().await;
    client.signal(UNREADABLE).await;
    assert_eq!(client.hear().await["type"], "signal_ack");
    assert_eq!(client.hear().await["type"], "process_start");
    assert_eq!(client.refusal().await, ("PROCESSING_FAILED".into(), 1000));
    let mut client = bench.connect().await;
    client.say(resume("a")).await;
    assert_eq!(client.hear().await["next_frame"], 1);
}

#[actix::test]
async fn pings_are_answered_while_the_verdict_is_awaited() {
    let gate = Arc::new(Gate::default());
    let bench = Bench::with(Scripted::new([Act::Run, Act::Hold(Arc::clone(&gate))])).await;
    let mut client = bench.open("a").await;
    client.frame(0).await;
    client.hear().await;
    client.signal(b"touch").await;
    assert_eq!(client.hear().await["type"], "signal_ack");
    assert_eq!(client.hear().await["type"], "process_start");
    client.say(json!({"type": "ping"})).await;
    assert_eq!(client.hear().await, json!({"type": "pong"}));
    client.0.send(Message::Ping(vec![1].into())).await.unwrap();
    assert_eq!(client.message().await, Message::Pong(vec![1].into()));
    gate.open();
    let mut told = Vec::new();
    loop {
        let message = client.hear().await;
        if message["type"] != "process_progress" {
            break;
        }
        told.push((message["stage"].clone(), message["progress"].clone()));
    }
    let both = |stage: &str| [0.0, 1.0].map(|at| told.contains(&(json!(stage), json!(at))));
    assert_eq!(
        (both("study"), both("decision")),
        ([true, true], [true, true]),
        "{told:?}"
    );
}

#[actix::test]
async fn a_result_that_nobody_could_read_is_a_fault_of_the_server() {
    let bench = Bench::new().await;
    let mut client = bench.open("a").await;
    client.frame(0).await;
    client.hear().await;
    // The study here says something that is no JSON object.
    client.signal(b"touch").await;
    assert_eq!(client.hear().await["type"], "signal_ack");
    assert_eq!(client.hear().await["type"], "process_start");
    assert_eq!(client.refusal().await, ("INTERNAL_ERROR".into(), 1000));
}

/// A session whose verdict waits for the gate.
async fn awaiting(bench: &Bench) -> Client {
    let mut client = bench.open("a").await;
    client.frame(0).await;
    client.hear().await;
    client
        .say(json!({"type": "signal", "session_id": "a", "filename": "bout.json", "size": 5}))
        .await;
    client.send(b"touch".to_vec()).await;
    assert_eq!(client.hear().await["type"], "signal_ack");
    assert_eq!(client.hear().await["type"], "process_start");
    client
}

impl Client {
    /// The next text that is no progress.
    async fn answer(&mut self) -> Value {
        loop {
            let message = self.hear().await;
            if message["type"] != "process_progress" {
                return message;
            }
        }
    }
}

#[actix::test]
async fn pings_are_answered_behind_messages_that_wait_for_the_verdict() {
    let gate = Arc::new(Gate::default());
    let bench = Bench::with(Scripted::new([Act::Run, Act::Hold(Arc::clone(&gate))])).await;
    let mut client = awaiting(&bench).await;
    // The whole of the next session, but for its end.
    client.say(start("b")).await;
    client.frame(0).await;
    client.0.send(Message::Ping(vec![1].into())).await.unwrap();
    assert_eq!(client.message().await, Message::Pong(vec![1].into()));
    client.say(json!({"type": "ping"})).await;
    assert_eq!(client.hear().await, json!({"type": "pong"}));
    gate.open();
    assert_eq!(client.answer().await["type"], "process_complete");
    let started = json!({"type": "session_started", "session_id": "b"});
    assert_eq!(client.hear().await, started);
    let mut ack = ack(0, "received");
    ack["session_id"] = "b".into();
    assert_eq!(client.hear().await, ack);
}

#[actix::test]
async fn a_close_is_heard_behind_messages_that_wait_for_the_verdict() {
    let gate = Arc::new(Gate::default());
    let bench = Bench::with(Scripted::new([Act::Run, Act::Hold(Arc::clone(&gate))])).await;
    let mut client = awaiting(&bench).await;
    client.say(start("b")).await;
    client.0.close(None).await.unwrap();
    soon("the end of the socket", bench.ingest.idle()).await;
    gate.open();
}

#[actix::test]
async fn what_is_more_than_may_wait_stays_on_the_line_and_is_answered_in_order() {
    let gate = Arc::new(Gate::default());
    let bench = Bench::with(Scripted::new([Act::Run, Act::Hold(Arc::clone(&gate))])).await;
    let mut client = awaiting(&bench).await;
    for _ in 0..100 {
        client.say(json!({"type": "frame_ack"})).await;
    }
    client.say(start("b")).await;
    // Larger than what any session here has reserved.
    client.say(frame(0)).await;
    client.send(vec![7; 9_000]).await;
    client.frame(1).await;
    gate.open();
    assert_eq!(client.answer().await["type"], "process_complete");
    for _ in 0..100 {
        assert_eq!(client.hear().await["error_code"], "UNKNOWN_MESSAGE_TYPE");
    }
    assert_eq!(client.hear().await["type"], "session_started");
    assert_eq!(client.words().await.1, "Failed to decode frame 0");
    assert_eq!(client.hear().await["frame_number"], 1);
}

#[actix::test]
async fn a_client_whose_session_an_operator_ends_is_told_and_its_name_is_free() {
    let bench = Bench::new().await;
    let mut client = bench.open("a").await;
    client.frame(0).await;
    client.hear().await;
    let handle = bench.house.directory.find("a").unwrap();
    handle
        .apply(Command::Stop(EndReason::OperatorStopped))
        .await;
    assert_eq!(
        client.words().await,
        (
            "PROCESSING_FAILED".into(),
            "The session was ended by an operator".into()
        )
    );
    assert_eq!(client.close_code().await, 1000);
    bench.open("a").await;
}

#[actix::test]
async fn a_client_that_only_pings_is_told_that_its_session_timed_out() {
    let bench = Bench::with_kept(Scripted::new([]), |kept| {
        kept.terms.silence = Duration::from_millis(1);
    })
    .await;
    let mut client = bench.open("a").await;
    let error = loop {
        client.0.send(Message::Ping(vec![1].into())).await.unwrap();
        match client.message().await {
            Message::Pong(_) => {}
            other => break other.into_text().unwrap(),
        }
    };
    assert!(error.contains("PROCESSING_FAILED"), "{error}");
    let words = "Session timeout: no activity for ";
    assert!(error.contains(words), "{error}");
    assert!(!bench.vaults.has("a"), "its folder has gone");
}

#[actix::test]
async fn a_client_hears_of_a_failure_of_ours_in_its_own_words_while_it_uploads() {
    let bad = || Act::Fail(RunError::item("the script says so"));
    let script = Scripted::new([Act::Run, bad(), bad(), bad()]);
    let bench = Bench::with(script).await;
    let mut client = bench.open("a").await;
    client.frame(2).await;
    assert_eq!(client.hear().await, ack(2, "received"));
    assert_eq!(
        client.words().await,
        (
            "PROCESSING_FAILED".into(),
            "frame 2 failed again and again: the script says so".into()
        )
    );
    assert_eq!(client.close_code().await, 1000);
    // The keeper, which reads the folder too, goes a moment later.
    let found = || bench.vaults.root.list().unwrap().len();
    eventually("what a failure of ours leaves can be resumed", || {
        found() == 1
    })
    .await;
}

#[actix::test]
async fn a_client_that_leaves_ends_no_session() {
    let bench = Bench::new().await;
    let mut client = bench.open("a").await;
    client.frame(0).await;
    client.hear().await;
    client.0.close(None).await.unwrap();
    assert!(bench.house.directory.find("a").is_some() && bench.vaults.has("a"));
}

#[actix::test]
async fn a_shutdown_closes_with_the_code_for_a_restart() {
    let bench = Bench::new().await;
    let mut client = bench.open("a").await;
    bench.drain.send_replace(Some(Duration::from_secs(1)));
    assert_eq!(client.close_code().await, 1012);
}

#[actix::test]
async fn a_socket_on_which_nothing_comes_is_told_so_and_closed() {
    let mut bench = Bench::new().await;
    bench.parts.terms.silence = Duration::from_millis(20);
    let error = bench.open("a").await.hear().await;
    assert_eq!(
        error["error_message"],
        "Session timeout: no activity for 0.0s"
    );
}

#[actix::test]
async fn a_socket_without_a_session_on_which_nothing_comes_is_closed_without_a_word() {
    let mut bench = Bench::new().await;
    bench.parts.terms.silence = Duration::from_millis(20);
    assert_eq!(bench.connect().await.close_code().await, 1000);
}

#[actix::test]
async fn where_streaming_is_off_a_client_is_told_where_to_go() {
    let mut bench = Bench::new().await;
    bench.parts.terms.enabled = false;
    let mut client = bench.connect().await;
    let error = client.hear().await;
    assert_eq!(
        error,
        json!({"type": "error", "session_id": null, "error_code": "STREAMING_DISABLED", "recoverable": false,
            "error_message": "Real-time streaming is disabled. Please upload a complete video via /analyze."})
    );
    assert_eq!(client.close_code().await, 1000);
}

#[actix::test]
async fn bytes_that_are_no_message_end_with_a_word() {
    let bench = Bench::new().await;
    let mut client = bench.connect().await;
    let unmasked = [0x81, 0x02, b'h', b'i'];
    tokio::io::AsyncWriteExt::write_all(client.0.get_mut(), &unmasked)
        .await
        .unwrap();
    assert_eq!(client.refusal().await, ("PROTOCOL_ERROR".into(), 1002));
}
