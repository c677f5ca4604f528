//! `frameloom client referee`: a bout's video to a referee, its verdict back.
//!
//! Responsible for reading videos, for both ways of handing one in, and for telling a person how it goes; not for judging
//! anything. Nothing of the server is known here but its protocol. Invariant: a frame is forgotten only when the server has
//! answered for it.
//!
//! | module | holds |
//! |---|---|
//! | [`options`] | what can be typed, and [`task`]: what it means |
//! | [`source`] | where pictures come from: files, directories, cameras, the generator |
//! | [`pack`] | pictures to the bytes of frames; [`feed`]: the thread that does it ahead of the socket |
//! | [`server`], [`wire`], [`link`] | addresses, messages, the socket |
//! | [`upload`] | which frames the server still needs; [`window`]: those it has not answered for |
//! | [`stream`] | a bout over as many connections as it takes; [`talk`]: what is said on one; [`aftermath`]: a verdict that was missed |
//! | [`analyze`] | the upload of one file, by HTTP, and the server's health; [`web`]: requests and answers |
//! | [`generate`] | drawn bouts as files |
//! | [`show`], [`verdict`] | what a person sees meanwhile and in the end; [`output`]: the file for everybody else |
//! | [`failure`] | what can go wrong, and the exit codes |

pub mod aftermath;
pub mod analyze;
pub mod failure;
pub mod feed;
pub mod generate;
pub mod link;
pub mod options;
pub mod output;
pub mod pack;
pub mod server;
pub mod show;
pub mod source;
pub mod stream;
pub mod talk;
pub mod task;
pub mod upload;
pub mod verdict;
pub mod web;
pub mod window;
pub mod wire;

pub use failure::{Ending, Failure};
pub use options::Options;

use output::Output;
use show::Show;
use task::Task;

/// Does what was asked, and tells the outcome on standard output.
///
/// # Errors
/// See [`Failure`]; each has an exit code.
pub fn run(options: &Options) -> Result<Ending, Failure> {
    let task = Task::of(options)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|why| Failure::Local(format!("no event loop: {why}")))?;
    runtime.block_on(async {
        let mut show = Show::new(options.verbose);
        match task {
            Task::Health(server) => analyze::health(&server).await,
            Task::Generate(what) => generate::write(&what, &mut show),
            Task::Upload(what) => {
                let output = Output::open(what.output.as_deref())?;
                analyze::run(&what, output, &mut show).await
            }
            Task::Stream(what) => {
                let output = Output::open(what.output.as_deref())?;
                if let Some(kept) = &what.keep {
                    generate::write(kept, &mut show)?;
                }
                stream::run(*what, output, &mut show).await
            }
        }
    })
}
