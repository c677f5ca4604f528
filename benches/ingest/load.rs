//! The load generator: a thread a connection, each with so many frames on their way.

use super::wire::{Masked, Wire};
use anyhow::{Context as _, bail};
use frameloom::{
    client::bench::viewers::say,
    media::{
        bout::{Bout, BoutOptions},
        jpeg::{Encoder, Quality, Subsampling},
    },
};
use std::{
    fs,
    net::SocketAddr,
    ops::Range,
    path::{Path, PathBuf},
    sync::Barrier,
    thread,
    time::Instant,
};

/// Messages of a connection before those that count.
const WARM_UP: u32 = 100;

/// Different pictures in turn.
const PICTURES: u64 = 4;

/// What a picture shall have at most, in bytes.
const PICTURE: usize = 215_000;

/// How the frames come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One connection, each acknowledgement awaited.
    Single,
    /// One connection with 16 frames on their way.
    Deep,
    /// Four of them.
    Wide,
}

/// What to upload.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    at: SocketAddr,
    connections: u32,
    window: u32,
    /// Of each connection.
    messages: u32,
    /// Files.
    pictures: PathBuf,
}

/// A load that can be put on a server.
pub struct Load<'a> {
    shape: Shape,
    /// Of each connection.
    messages: u32,
    pictures: &'a Path,
}

// === impl Shape ===

impl Shape {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Single, Self::Deep, Self::Wide];

    /// Connections, and frames on their way on each.
    pub const fn numbers(self) -> (u32, u32) {
        match self {
            Self::Single => (1, 1),
            Self::Deep => (1, 16),
            Self::Wide => (4, 16),
        }
    }
}

// === impl Load ===

impl<'a> Load<'a> {
    /// So many messages in all.
    pub const fn new(shape: Shape, messages: u32, pictures: &'a Path) -> Self {
        Self {
            shape,
            messages: messages / shape.numbers().0,
            pictures,
        }
    }

    /// Messages that count, of all connections together.
    pub const fn messages(&self) -> u32 {
        self.shape.numbers().0 * self.messages
    }

    /// The command line of its process.
    pub fn args(&self, at: SocketAddr) -> Vec<String> {
        let (connections, window) = self.shape.numbers();
        let numbers = [connections, window, self.messages].map(|number| number.to_string());
        let mut args = vec!["load".to_owned(), at.to_string()];
        args.extend(numbers);
        args.push(self.pictures.display().to_string());
        args
    }
}

/// Draws the pictures into a folder below this one: 1080p, as good as 200 KB or a little more allow.
pub fn pictures(folder: &Path) -> anyhow::Result<PathBuf> {
    let folder = folder.join("pictures");
    fs::create_dir(&folder)?;
    let options = BoutOptions {
        width: 1920,
        height: 1080,
        ..BoutOptions::default()
    };
    let bout = Bout::draw(1, options)?;
    let mut sizes = Vec::new();
    for number in 0..PICTURES {
        let frame = bout.frame(8 * number);
        let jpeg = (50..=95).rev().find_map(|quality| {
            let quality = Quality::new(quality).ok()?;
            let jpeg = Encoder::new(quality, Subsampling::S420)
                .encode(&frame)
                .ok()?;
            (jpeg.len() <= PICTURE).then_some(jpeg)
        });
        let jpeg = jpeg.context("no quality makes a picture of 200 KB")?;
        sizes.push(jpeg.len() / 1000);
        fs::write(folder.join(format!("{number}.jpg")), jpeg)?;
    }
    println!("1920×1080 JPEGs of {sizes:?} KB");
    Ok(folder)
}

/// Warms the server up and says so; told to go on, uploads, and says how many seconds that took.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let mut pictures = Vec::new();
    for number in 0..PICTURES {
        let path = options.pictures.join(format!("{number}.jpg"));
        pictures.push(Masked::binary(&fs::read(path)?));
    }
    // All are warm; all go; all are done.
    let together = Barrier::new(options.connections as usize + 1);
    thread::scope(|threads| {
        let clients: Vec<_> = (0..options.connections)
            .map(|number| {
                let (pictures, together) = (&pictures, &together);
                threads.spawn(move || client(number, options, pictures, together))
            })
            .collect();
        together.wait();
        say("warm")?;
        let mut line = String::new();
        std::io::stdin().read_line(&mut line)?;
        let began = Instant::now();
        together.wait();
        together.wait();
        let took = began.elapsed();
        let mut done = Vec::new();
        for client in clients {
            let Ok(client) = client.join() else {
                bail!("a client panicked");
            };
            done.push(client?);
        }
        say(&took.as_secs_f64().to_string())?;
        // Connections that end shall be in nobody's figure.
        line.clear();
        std::io::stdin().read_line(&mut line)?;
        drop(done);
        Ok(())
    })
}

/// A client that fails comes to every barrier all the same.
fn client<'a>(
    number: u32,
    options: &Options,
    pictures: &'a [Masked],
    together: &Barrier,
) -> anyhow::Result<Client<'a>> {
    let mut client = Client::open(number, options, pictures);
    let mut upload = |frames| match &mut client {
        Ok(client) => client.upload(frames),
        Err(_) => Ok(()),
    };
    let warm = upload(0..WARM_UP);
    together.wait();
    together.wait();
    let done = upload(WARM_UP..WARM_UP + options.messages);
    together.wait();
    let client = client?;
    warm.and(done)?;
    Ok(client)
}

struct Client<'a> {
    wire: Wire,
    session: String,
    window: u32,
    pictures: &'a [Masked],
    text: Masked,
}

impl<'a> Client<'a> {
    fn open(number: u32, options: &Options, pictures: &'a [Masked]) -> anyhow::Result<Self> {
        let mut client = Self {
            wire: Wire::open(options.at)?,
            session: format!("load-{number}"),
            window: options.window,
            pictures,
            text: Masked::default(),
        };
        let session = &client.session;
        client.text.text(&format!(
            r#"{{"type":"session_start","session_id":"{session}","fps":15.0,"width":1920,"height":1080}}"#
        ));
        client.wire.send(&client.text, &Masked::default())?;
        let started = format!(r#"{{"type":"session_started","session_id":"{session}"}}"#);
        client.wire.expect(&started)?;
        Ok(client)
    }

    /// Sends these frames, and waits for all of their acknowledgements.
    fn upload(&mut self, frames: Range<u32>) -> anyhow::Result<()> {
        let mut due = frames.clone();
        for number in frames {
            self.send(number)?;
            if number + 1 - due.start == self.window {
                self.heard(due.next())?;
            }
        }
        due.try_for_each(|number| self.heard(Some(number)))
    }

    fn send(&mut self, number: u32) -> anyhow::Result<()> {
        let (session, picture) = (
            &self.session,
            &self.pictures[number as usize % self.pictures.len()],
        );
        self.text.text(&format!(
            r#"{{"type":"frame","session_id":"{session}","frame_number":{number},"timestamp":1.5,"encoding":"jpeg","quality":85,"size":0}}"#
        ));
        self.wire.send(&self.text, picture)
    }

    fn heard(&mut self, number: Option<u32>) -> anyhow::Result<()> {
        let number = number.context("more answers than frames")?;
        let session = &self.session;
        self.wire.expect(&format!(
            r#"{{"type":"frame_ack","session_id":"{session}","frame_number":{number},"status":"received"}}"#
        ))
    }
}
