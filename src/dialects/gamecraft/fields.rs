//! The fields of a JSON object, as they were written: those that are known, and nothing of the others.
//!
//! A body may be as long as a picture, so what a client sends besides takes no memory, whatever it is made of. As in the
//! original, the last of a name counts, and `null` in place of the object is an object without fields.

use super::fault::Fault;
use serde::{
    Deserializer as _,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;
use std::{borrow::Cow, fmt};

/// The text of each known field.
#[derive(Debug, Default)]
pub struct Fields<'a>(Vec<(&'static str, &'a str)>);

impl<'a> Fields<'a> {
    /// Reads a body's fields whose names are `known`.
    ///
    /// # Errors
    /// 400 for anything but an object or `null`.
    pub fn read(body: &'a [u8], known: &'static [&'static str]) -> Result<Self, Fault> {
        let malformed = |e: serde_json::Error| Fault::malformed(&e.to_string());
        let mut reader = serde_json::Deserializer::from_slice(body);
        let fields = reader.deserialize_option(Known(known)).map_err(malformed)?;
        reader.end().map_err(malformed)?;
        Ok(fields)
    }

    /// The JSON of a field that is there and not null.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        let last = self.0.iter().rev().find(|(known, _)| *known == name);
        last.map(|(_, text)| *text).filter(|text| *text != "null")
    }

    fn set(&mut self, name: &'static str, text: &'a str) {
        self.0.retain(|(known, _)| *known != name);
        self.0.push((name, text));
    }
}

struct Known(&'static [&'static str]);

impl<'a> Visitor<'a> for Known {
    type Value = Fields<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(Fields::default())
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Fields::default())
    }

    fn visit_some<D: serde::Deserializer<'a>>(self, object: D) -> Result<Self::Value, D::Error> {
        object.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'a>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut fields = Fields::default();
        while let Some(Name(name)) = object.next_key()? {
            match self.0.iter().find(|known| **known == name) {
                Some(known) => fields.set(known, object.next_value::<&RawValue>()?.get()),
                None => drop(object.next_value::<IgnoredAny>()?),
            }
        }
        Ok(fields)
    }
}

/// A name without a copy, unless it holds escapes.
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["a", "b"];

    fn read(body: &str) -> Result<Fields<'_>, Fault> {
        Fields::read(body.as_bytes(), KNOWN)
    }

    #[test]
    fn known_fields_are_kept_as_they_were_written() {
        let fields = read(r#"{"a": 1.0, "x": [{"a": 2}], "\u0062":"\u0062"}"#).unwrap();
        assert_eq!(fields.get("a"), Some("1.0"));
        assert_eq!(fields.get("b"), Some(r#""\u0062""#));
    }

    #[test]
    fn other_fields_are_not_kept() {
        let body = format!(r#"{{"a":1{}}}"#, r#","x":0"#.repeat(1000));
        assert_eq!(read(&body).unwrap().0.len(), 1);
    }

    #[test]
    fn the_last_of_a_name_counts() {
        let fields = read(r#"{"a":1,"a":2}"#).unwrap();
        assert_eq!(fields.get("a"), Some("2"));
        assert_eq!(fields.0.len(), 1);
    }

    #[test]
    fn null_is_nothing() {
        assert!(read("null").unwrap().0.is_empty());
        assert_eq!(read(r#"{"a":null}"#).unwrap().get("a"), None);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for body in [
            "",
            "[]",
            r#"["w",1]"#,
            "5",
            r#""a""#,
            "true",
            "{} {}",
            "null 1",
            r#"{"a":"#,
        ] {
            let fault = read(body).unwrap_err();
            assert!(fault.error.starts_with("400 Bad Request"), "{body}");
        }
    }

    #[test]
    fn depth_is_refused_before_it_can_hurt() {
        for open in ["[", r#"{"x":"#, r#"{"a":"#] {
            assert!(read(&open.repeat(100_000)).is_err(), "{open}");
            assert!(read(&format!(r#"{{"x":{}"#, open.repeat(100_000))).is_err());
        }
    }
}
