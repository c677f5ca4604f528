//! The body of `/control`: a key and a speed.
//!
//! Three checks happen in the original's order: the action, then (outside of here) the stream, then the speed.

use super::{fault::Fault, fields::Fields};
use crate::session::Direction;
use serde_json::Value;

/// The original's default speed.
const SPEED: f64 = 0.2;

/// A body whose action is known; the speed is checked after the stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Control {
    /// Where to.
    pub direction: Direction,
    speed: Value,
}

/// Reads a body and checks its action.
///
/// # Errors
/// 400: no JSON, or an action that is none of the four.
pub fn parse(body: &[u8]) -> Result<Control, Fault> {
    let fields = Fields::read(body, &["action", "speed"])?;
    let direction = match fields.get("action") {
        None => Direction::Forward,
        Some(text) => {
            let key: String =
                serde_json::from_str(text).map_err(|_| Fault::field("action", "a string"))?;
            direction(&key)?
        }
    };
    Ok(Control {
        direction,
        speed: fields.get("speed").map_or_else(|| SPEED.into(), scalar),
    })
}

/// A speed that may be a number, for the check that comes after the stream's: only a number is worth keeping.
fn scalar(text: &str) -> Value {
    let number: Option<serde_json::Number> = serde_json::from_str(text).ok();
    number.map_or(Value::Null, Value::Number)
}

impl Control {
    /// The speed, 0 to 3, as the client wrote it: it is echoed.
    ///
    /// # Errors
    /// 400 if it is no number in that range.
    pub fn speed(&self) -> Result<f64, Fault> {
        speed(Some(&self.speed))
    }

    /// The speed's own JSON, for the echo: `1` stays `1` and `1.0` stays `1.0`.
    pub fn speed_echo(&self) -> &Value {
        &self.speed
    }
}

/// A speed, 0 to 3, or the original's default where none was given.
///
/// # Errors
/// 400 if it is no number in that range.
pub fn speed(given: Option<&Value>) -> Result<f64, Fault> {
    let speed = given.map_or(Some(SPEED), Value::as_f64);
    let speed = speed.filter(|speed| (0.0..=3.0).contains(speed));
    speed.ok_or_else(|| Fault::field("speed", "a number from 0 to 3"))
}

/// The direction of a key, in either case.
///
/// # Errors
/// The original's text.
pub fn direction(key: &str) -> Result<Direction, Fault> {
    let bad = || Fault::bad_request("Invalid action. Must be one of ['w', 'a', 's', 'd']");
    Direction::of_key(&key.to_lowercase()).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_in_either_case_and_default_to_forward() {
        for (body, direction) in [
            (r#"{"action":"A"}"#, Direction::Left),
            (r#"{"action":"d","speed":1}"#, Direction::Right),
            ("{}", Direction::Forward),
            ("null", Direction::Forward),
        ] {
            assert_eq!(
                parse(body.as_bytes()).unwrap().direction,
                direction,
                "{body}"
            );
        }
        assert_eq!(parse(b"{}").unwrap().speed(), Ok(0.2));
    }

    #[test]
    fn the_text_for_a_bad_action_is_the_originals() {
        for body in [r#"{"action":"x"}"#, r#"{"action":""}"#] {
            let fault = parse(body.as_bytes()).unwrap_err();
            assert_eq!(
                (fault.status, fault.error.as_str()),
                (400, "Invalid action. Must be one of ['w', 'a', 's', 'd']")
            );
        }
        assert_eq!(
            parse(br#"{"action":7}"#).unwrap_err().error,
            "action must be a string"
        );
        assert!(
            parse(b"{")
                .unwrap_err()
                .error
                .starts_with("400 Bad Request")
        );
    }

    #[test]
    fn a_list_is_no_body() {
        for body in ["[]", r#"["a",1]"#, "5", r#""w""#] {
            let fault = parse(body.as_bytes()).unwrap_err();
            assert!(fault.error.starts_with("400 Bad Request"), "{body}");
        }
    }

    #[test]
    fn the_last_of_a_field_given_twice_counts() {
        let control = parse(br#"{"action":"w","action":"a"}"#).unwrap();
        assert_eq!(control.direction, Direction::Left);
    }

    #[test]
    fn a_speed_out_of_range_is_refused_by_name() {
        for speed in ["-0.1", "3.1", "\"1\"", "true", "[1]", "1e999"] {
            let Ok(control) = parse(format!(r#"{{"speed":{speed}}}"#).as_bytes()) else {
                continue;
            };
            assert_eq!(
                control.speed().unwrap_err().error,
                "speed must be a number from 0 to 3",
                "{speed}"
            );
        }
    }
}
