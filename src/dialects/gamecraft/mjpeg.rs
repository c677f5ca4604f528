//! The parts of `/video`: `multipart/x-mixed-replace` as the original writes it, without `Content-Length`.
//!
//! A browser paints a part only when the next part's headers have come, so these follow each JPEG at once. The bytes are the
//! original's; only their time differs.

/// The type of the whole body.
pub const CONTENT_TYPE: &str = "multipart/x-mixed-replace; boundary=frame";

/// Before the first JPEG.
pub const OPENING: &[u8] = b"--frame\r\nContent-Type: image/jpeg\r\n\r\n";

/// After each JPEG: its end, and the next part's headers.
pub const BETWEEN: &[u8] = b"\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_those_of_the_original() {
        let ours = [OPENING, b"JPEG1", BETWEEN, b"JPEG2", BETWEEN].concat();
        let part = |jpeg: &str| format!("--frame\r\nContent-Type: image/jpeg\r\n\r\n{jpeg}\r\n");
        let originals = format!("{}{}", part("JPEG1"), part("JPEG2"));
        assert!(ours.starts_with(originals.as_bytes()));
    }
}
