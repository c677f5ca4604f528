//! The client's HTTP side: the upload of a file, and the question for health.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
};

use super::{client, jpegs, path};

/// Answers one HTTP request: gives the request, and the client's code and words.
fn answered(
    answer: &'static str,
    arguments: impl Fn(&str) -> Vec<String>,
) -> (Vec<u8>, Option<i32>, String) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let server = format!("http://{}", listener.local_addr().unwrap());
    let serving = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut byte = [0];
        while !request.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte).unwrap();
            request.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&request).into_owned();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-Length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        stream.read_exact(&mut body).unwrap();
        request.extend(body);
        stream.write_all(answer.as_bytes()).unwrap();
        request
    });
    let arguments = arguments(&server);
    let (code, printed) = client(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    (serving.join().unwrap(), code, printed)
}

fn upload(answer: &'static str, more: &[&str]) -> (String, Option<i32>, String) {
    let folder = jpegs(1);
    let (video, signal) = (path(&folder, "bout.avi"), path(&folder, "signal.txt"));
    std::fs::write(&video, vec![b'v'; 300_000]).unwrap();
    let (request, code, printed) = answered(answer, |server| {
        let usual = ["--upload", server, &video, &signal];
        usual
            .iter()
            .chain(more)
            .map(|word| (*word).to_owned())
            .collect()
    });
    (String::from_utf8(request).unwrap(), code, printed)
}

#[test]
fn an_upload_is_the_form_of_the_guide_s_client() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 49\r\n\r\n{\"decision\":{\"winner\":\"right\",\"reason\":\"faster\"}}";
    let (request, code, printed) = upload(
        answer,
        &["--include-keypoints", "--no-overlay", "--token", "t0k"],
    );
    assert_eq!(code, Some(0), "{printed}");
    assert!(
        printed.contains("winner     right\nreason     faster"),
        "{printed}"
    );
    assert!(
        request.starts_with("POST /analyze HTTP/1.1\r\n"),
        "{request:.300}"
    );
    for part in [
        "Authorization: Bearer t0k\r\n",
        "name=\"include_keypoints\"\r\n\r\ntrue\r\n",
        "name=\"save_overlay\"\r\n\r\nfalse\r\n",
        "name=\"video\"; filename=\"bout.avi\"\r\nContent-Type: video/x-msvideo\r\n\r\nvvv",
        "name=\"signal\"; filename=\"signal.txt\"\r\nContent-Type: text/plain\r\n\r\n0.001s |",
    ] {
        assert!(request.contains(part), "{part}");
    }
    assert_eq!(
        request.matches('v').count(),
        300_000 + request.replace("vv", "").matches('v').count()
    );
}

#[test]
fn an_upload_that_is_refused_ends_with_4_and_the_detail() {
    let answer = "HTTP/1.1 415 X\r\nContent-Length: 32\r\n\r\n{\"detail\":\"ffmpeg is not here\" }";
    let (_, code, printed) = upload(answer, &[]);
    assert_eq!(code, Some(4), "{printed}");
    assert!(printed.contains("ffmpeg is not here (415)"), "{printed}");
}

#[test]
fn an_upload_that_cannot_be_analysed_ends_with_5() {
    let answer = "HTTP/1.1 500 X\r\nContent-Length: 26\r\n\r\n{\"detail\":\"no start time\"}";
    let (_, code, printed) = upload(answer, &[]);
    assert_eq!(code, Some(5), "{printed}");
}

#[test]
fn health_is_told_by_the_code() {
    let asks = |server: &str| vec![server.to_owned(), "--health".to_owned()];
    let well = "HTTP/1.1 200 OK\r\nContent-Length: 58\r\n\r\n{\"status\":\"ok\",\"model_path\":\"fencer\",\"model_loaded\":true }";
    let (request, code, printed) = answered(well, asks);
    assert_eq!(code, Some(0), "{printed}");
    assert!(
        request.starts_with(b"GET /health HTTP/1.1\r\n")
            && printed.contains("is healthy, model fencer")
    );
    let ill = "HTTP/1.1 200 OK\r\nContent-Length: 29\r\n\r\n{\"status\":\"model_not_loaded\"}";
    let (_, code, printed) = answered(ill, asks);
    assert_eq!(code, Some(4), "{printed}");
    assert!(printed.contains("model_not_loaded"), "{printed}");
}
