//! The socket against a session that is played by the test: what it does while an offer waits for its answer.

use super::*;
use crate::media::FrameId;
use crate::{
    media::{ActionId, FrameKind, StageTimes},
    session::{Action, Direction},
    telemetry::{Label, ViewerMeters},
};
use actix_web::{App, HttpServer, dev::ServerHandle};
use futures_util::SinkExt as _;
use std::{net::SocketAddr, sync::Mutex};
use tokio::{net::TcpStream, sync::Semaphore};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite};

/// A number is an action with that number; anything else is echoed at once.
struct Numbers;

impl SocketDialect for Numbers {
    fn hello(&self) -> Option<String> {
        None
    }

    fn receive(&mut self, text: &str, now: Instant, _: Duration) -> Received {
        let Ok(id) = text.parse() else {
            return Received::Reply(text.to_owned());
        };
        Received::Offer(Media::Action(Action {
            id: ActionId(id),
            direction: Direction::Forward,
            speed: 1.0,
            received: now,
        }))
    }

    fn frame(&mut self, frame: &EncodedFrame, _: Instant, _: Duration) -> Bytes {
        frame.jpeg.clone()
    }

    fn refused(&self, why: &str) -> String {
        format!("refused: {why}")
    }

    fn draining(&self, _: Duration) -> String {
        "draining".into()
    }
}

/// A session that answers an offer only when the test says so.
#[derive(Clone)]
struct Stubborn {
    offered: Arc<Mutex<Vec<u64>>>,
    answers: Arc<Semaphore>,
    refuses: bool,
}

impl SessionPort for Stubborn {
    fn offer(&self, media: Media) -> LocalBoxFuture<'static, Result<(), OfferError>> {
        if let Media::Action(action) = media {
            self.offered.lock().unwrap().push(action.id.0);
        }
        let session = self.clone();
        Box::pin(async move {
            session.answers.acquire().await.unwrap().forget();
            if session.refuses {
                return Err(OfferError::Gone);
            }
            Ok(())
        })
    }
}

/// A socket's client, and what the test plays behind the socket.
struct Stage {
    client: WebSocketStream<TcpStream>,
    session: Stubborn,
    frames: watch::Sender<Newest>,
    _drain: watch::Sender<Option<Duration>>,
    server: ServerHandle,
}

impl Stage {
    async fn set(refuses: bool) -> Self {
        let session = Stubborn {
            offered: Arc::default(),
            answers: Arc::new(Semaphore::new(0)),
            refuses,
        };
        let (frames, newest) = watch::channel(None);
        let (drain, draining) = watch::channel(None);
        let (at, server) = serve(session.clone(), newest, draining);
        let stream = TcpStream::connect(at).await.unwrap();
        let (client, _) = client_async(format!("ws://{at}/"), stream).await.unwrap();
        Self {
            client,
            session,
            frames,
            _drain: drain,
            server,
        }
    }

    async fn say(&mut self, text: &str) {
        let text = tungstenite::Message::text(text);
        self.client.send(text).await.unwrap();
    }

    async fn hear(&mut self) -> String {
        let message = self.client.next().await.unwrap().unwrap();
        String::from_utf8(message.into_data().to_vec()).unwrap()
    }

    /// Waits until everything that was said so far has been taken in.
    async fn be_heard(&mut self) {
        self.say("heard?").await;
        assert_eq!(self.hear().await, "heard?");
    }

    fn show(&self, id: u64, picture: &'static str) {
        self.frames.send_replace(Some(Arc::new(EncodedFrame {
            shown: 0,
            id: FrameId(id),
            action: ActionId(0),
            width: 1,
            height: 1,
            jpeg: Bytes::from_static(picture.as_bytes()),
            stages: StageTimes::default(),
            finished: Instant::now(),
            kind: FrameKind::Live,
        })));
    }

    fn offered(&self) -> Vec<u64> {
        self.session.offered.lock().unwrap().clone()
    }
}

fn serve(
    session: Stubborn,
    frames: watch::Receiver<Newest>,
    drain: watch::Receiver<Option<Duration>>,
) -> (SocketAddr, ServerHandle) {
    let route = move |request: HttpRequest, payload: web::Payload| {
        let parts = Parts {
            dialect: Numbers,
            port: session.clone(),
            viewer: Viewer {
                frames: frames.clone(),
                seat: ViewerSeat::of_nobody(),
            },
            meter: ViewerMeters::new(&Label::fixed("test")).watch(),
            drain: drain.clone(),
            message_bytes: 1024,
        };
        async move { upgrade(parts, &request, payload) }
    };
    let app = move || App::new().route("/", web::get().to(route.clone()));
    let server = HttpServer::new(app)
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .unwrap();
    let at = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    (at, handle)
}

#[actix_web::test]
async fn frames_arrive_while_an_offer_waits_for_its_answer() {
    let mut stage = Stage::set(false).await;
    stage.say("1").await;
    stage.be_heard().await;
    assert_eq!(stage.offered(), [1]);
    for (id, picture) in [(1, "first"), (2, "second"), (3, "third")] {
        stage.show(id, picture);
        assert_eq!(stage.hear().await, picture);
    }
    stage.server.stop(false).await;
}

#[actix_web::test]
async fn one_offer_is_under_way_and_only_the_newest_waits() {
    let mut stage = Stage::set(false).await;
    for id in ["1", "2", "3", "4"] {
        stage.say(id).await;
    }
    stage.be_heard().await;
    assert_eq!(stage.offered(), [1]);
    stage.session.answers.add_permits(1);
    while stage.offered().len() < 2 {
        stage.be_heard().await;
    }
    assert_eq!(stage.offered(), [1, 4]);
    stage.server.stop(false).await;
}

#[actix_web::test]
async fn an_offer_that_is_refused_is_told_and_the_next_one_is_made() {
    let mut stage = Stage::set(true).await;
    stage.session.answers.add_permits(1);
    stage.say("1").await;
    assert_eq!(
        stage.hear().await,
        "refused: the session takes no input any more"
    );
    stage.say("2").await;
    stage.be_heard().await;
    assert_eq!(stage.offered(), [1, 2]);
    stage.server.stop(false).await;
}

#[actix_web::test]
async fn the_end_of_the_session_closes_although_an_offer_waits() {
    let mut stage = Stage::set(false).await;
    stage.say("1").await;
    stage.be_heard().await;
    drop(std::mem::replace(&mut stage.frames, watch::channel(None).0));
    let tungstenite::Message::Close(Some(close)) = stage.client.next().await.unwrap().unwrap()
    else {
        panic!("no close")
    };
    assert_eq!(u16::from(close.code), 1000);
    stage.server.stop(false).await;
}
