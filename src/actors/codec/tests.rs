//! The pool of one thread: whatever a job does, the next one is done.

use super::*;
use crate::{
    actors::test_support::{Received, SIDE, credits, inbox, order},
    engine::RunError,
};

fn pool() -> Addr<CodecThread> {
    CodecThread::start_pool("codec", NonZeroUsize::MIN)
}

fn grey(_: Outputs, into: &mut Rgb8) -> Result<(), RunError> {
    *into = Rgb8::filled(SIDE, SIDE, [64; 3]);
    Ok(())
}

fn panics(_: Outputs, _: &mut Rgb8) -> Result<(), RunError> {
    panic!("on purpose")
}

fn fails(_: Outputs, _: &mut Rgb8) -> Result<(), RunError> {
    Err(RunError::item("on purpose"))
}

/// Sends one picture for each way of finishing it, with a credit each.
fn send(
    pool: &Addr<CodecThread>,
    ways: &[Finish],
) -> (crate::actors::credit::Credits, Received<Encoded>) {
    let (reply_to, encoded) = inbox();
    let (done, _) = inbox();
    let credits = credits(ways.len());
    for finish in ways {
        let credit = credits.try_take().unwrap();
        // Only the tag is needed; the order is dropped with its own credit.
        let tag = order(
            "s",
            crate::actors::test_support::credits(1).try_take().unwrap(),
            &done,
        )
        .tag;
        let encode = Encode {
            tag,
            outputs: Outputs::default(),
            finish: *finish,
            quality: (Quality::new(90).unwrap(), Subsampling::default()),
            credit,
            reply_to: reply_to.clone(),
        };
        post(&pool.clone().recipient(), encode);
    }
    (credits, encoded)
}

#[actix::test]
async fn a_job_that_panics_costs_its_own_answer_only() {
    let pool = pool();
    let job = Run::new(|| -> u8 { panic!("on purpose") });
    assert_eq!(pool.send(job).await.unwrap(), Err(JobPanicked));
    assert_eq!(
        pool.send(Run::new(|| 7)).await.unwrap(),
        Ok(7),
        "its only thread lives"
    );
}

#[actix::test]
async fn a_picture_that_panics_or_fails_gives_its_credit_back_and_the_next_is_encoded() {
    let (credits, mut encoded) = send(&pool(), &[panics, fails, grey]);
    let spoiled = encoded.next().await;
    assert_eq!(spoiled.outcome.unwrap_err(), JobPanicked.to_string());
    let failed = encoded.next().await;
    assert_eq!(failed.outcome.unwrap_err(), "on purpose");
    let jpeg = encoded.next().await;
    assert!(jpeg.outcome.unwrap().starts_with(&[0xff, 0xd8]));
    assert_eq!(credits.in_flight(), 3, "the answers hold them");
    drop((spoiled.credit, failed.credit, jpeg.credit));
    assert_eq!(credits.in_flight(), 0);
}
