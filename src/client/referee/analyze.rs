//! The upload of one video file with its signal, `POST /analyze`, and the server's `/health`.
//!
//! Not responsible for HTTP itself ([`super::web`]). Invariant: the video is read while it is sent, never whole.

use super::{
    Ending, Failure,
    output::Output,
    server::Server,
    show::Show,
    task::{Signal, Uploading},
    verdict::Verdict,
    web::{self, Body},
};
use serde::Deserialize;
use serde_json::Value;
use std::{
    fmt::Write as _,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    path::Path,
    time::Duration,
};
use tokio::{
    fs::File,
    io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
};

/// Health is asked of a server that is up or is not.
const HEALTH_WITHIN: Duration = Duration::from_secs(10);
/// Read and sent at a time.
const PIECE: usize = 1 << 17;

/// Uploads, tells the verdict, and saves it in the output.
///
/// # Errors
/// Every kind of [`Failure`].
pub async fn run(
    task: &Uploading,
    output: Option<Output>,
    show: &mut Show,
) -> Result<Ending, Failure> {
    let form = Form::of(task)?;
    let cannot = |why: std::io::Error| Failure::Local(format!("{}: {why}", task.video.display()));
    let mut video = File::open(&task.video).await.map_err(cannot)?;
    let length = video.metadata().await.map_err(cannot)?.len();
    show.upload_bytes(length);
    let body = Body {
        kind: format!("multipart/form-data; boundary={}", form.boundary),
        length: form.before.len() as u64 + length + form.after.len() as u64,
        write: async |body: &mut (dyn AsyncWrite + Unpin)| {
            body.write_all(form.before.as_bytes())
                .await
                .map_err(web::broken)?;
            let sent = copy(&mut video, length, body, show, &task.video).await;
            sent?;
            body.write_all(&form.after).await.map_err(web::broken)?;
            show.uploaded();
            show.detail(|| "all is sent; waiting for the verdict".to_owned());
            Ok(())
        },
    };
    let within = Duration::from_secs_f64(task.timeout);
    let answer = web::post(&task.server, "/analyze", body, within).await?;
    let result: Value = answer.json()?;
    let verdict = Verdict {
        result: &result,
        server: &task.server,
    };
    verdict.tell(output)
}

/// Asks for the server's health.
///
/// # Errors
/// [`Failure::Connection`] if nobody answers, [`Failure::Refused`] if the server is not well.
#[expect(clippy::print_stdout, reason = "the answer of a command")]
pub async fn health(server: &Server) -> Result<Ending, Failure> {
    #[derive(Deserialize)]
    struct Health {
        status: String,
        #[serde(default)]
        model_path: Option<String>,
    }
    let answer = web::get(server, "/health", HEALTH_WITHIN).await?;
    let health: Health = answer.json()?;
    let model = health
        .model_path
        .map_or_else(String::new, |model| format!(", model {model}"));
    if health.status != "ok" {
        return Err(Failure::Refused {
            code: health.status,
            message: format!("it is not ready to analyse{model}"),
        });
    }
    println!("{server} is healthy{model}");
    Ok(Ending::Done)
}

async fn copy(
    video: &mut File,
    length: u64,
    output: &mut (dyn AsyncWrite + Unpin),
    show: &mut Show,
    path: &Path,
) -> Result<(), Failure> {
    let mut piece = vec![0; PIECE];
    let mut left = length;
    while left > 0 {
        let most = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let read = video.read(&mut piece[..most]).await;
        let read = match read {
            Ok(0) => Err("it became shorter while it was sent".to_owned()),
            Ok(read) => Ok(read),
            Err(why) => Err(why.to_string()),
        };
        let read = read.map_err(|why| Failure::Local(format!("{}: {why}", path.display())))?;
        output
            .write_all(&piece[..read])
            .await
            .map_err(web::broken)?;
        left -= read as u64;
        show.sent(read);
        show.advance(read as u64);
    }
    Ok(())
}

/// What stands around the video in the body.
struct Form {
    boundary: String,
    before: String,
    after: Vec<u8>,
}

impl Form {
    fn of(task: &Uploading) -> Result<Self, Failure> {
        let signal = Signal::read(&task.signal)?;
        let boundary = boundary();
        let mut before = String::new();
        for (name, value) in [
            ("include_keypoints", task.include_keypoints),
            ("save_overlay", task.save_overlay),
        ] {
            let _ = write!(
                before,
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            );
        }
        let name = task.video.file_name().unwrap_or_default().to_string_lossy();
        before.push_str(&file_head(
            &boundary,
            "video",
            &name,
            media_type(&task.video),
        ));
        let mut after = b"\r\n".to_vec();
        after.extend(file_head(&boundary, "signal", &signal.filename, "text/plain").bytes());
        after.extend(signal.bytes);
        after.extend(format!("\r\n--{boundary}--\r\n").bytes());
        Ok(Self {
            boundary,
            before,
            after,
        })
    }
}

fn file_head(boundary: &str, name: &str, filename: &str, kind: &str) -> String {
    // As browsers write names, so that none can end its line or its quotes (WHATWG HTML, "multipart/form-data").
    let filename = filename
        .replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A");
    format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{filename}\"\r\nContent-Type: {kind}\r\n\r\n"
    )
}

/// 128 random bits, which no file holds by chance.
fn boundary() -> String {
    let random = || RandomState::new().build_hasher().finish();
    format!("frameloom-{:016x}{:016x}", random(), random())
}

fn media_type(path: &Path) -> &'static str {
    let ending = path
        .extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or_default();
    match ending.to_ascii_lowercase().as_str() {
        "avi" => "video/x-msvideo",
        "mp4" | "m4v" => "video/mp4",
        "mov" => "video/quicktime",
        "mkv" => "video/x-matroska",
        "webm" => "video/webm",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_s_name_cannot_end_its_head() {
        let head = file_head("b", "video", "a\"\r\nX: y", "video/mp4");
        assert!(head.contains("filename=\"a%22%0D%0AX: y\"\r\n"), "{head}");
    }

    #[test]
    fn boundaries_differ() {
        assert_ne!(boundary(), boundary());
    }
}
