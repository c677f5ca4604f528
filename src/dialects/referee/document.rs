//! A result as a list of members, each as it was written: read without understanding it, added to, and made shorter.

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
    ser::SerializeMap as _,
};
use serde_json::value::{RawValue, to_raw_value};
use std::{borrow::Cow, fmt};

/// Where the names of members are kept that were too long to be sent.
const LEFT_OUT: &str = "left_out";

/// A JSON object whose members keep their order.
#[derive(Debug)]
pub struct Document<'a>(Vec<(Cow<'a, str>, Cow<'a, RawValue>)>);

impl<'a> Document<'a> {
    /// Reads an object; `None` if the text is none.
    pub fn parse(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// Sets a member, behind those that are there.
    pub fn set(&mut self, name: &'static str, value: &impl Serialize) {
        self.0.retain(|(known, _)| known != name);
        if let Ok(value) = to_raw_value(value) {
            self.0.push((name.into(), Cow::Owned(value)));
        }
    }

    /// Leaves out the longest member and names it under `left_out`; `false` if there is nothing left that could go.
    pub fn leave_out_the_longest(&mut self) -> bool {
        let members = self.0.iter().enumerate();
        let longest = members
            .filter(|(_, (name, _))| name != LEFT_OUT)
            .max_by_key(|(_, (_, value))| value.get().len());
        let Some((at, _)) = longest else {
            return false;
        };
        let (name, _) = self.0.remove(at);
        let mut names: Vec<String> = self.get(LEFT_OUT).unwrap_or_default();
        names.push(name.into_owned());
        self.set(LEFT_OUT, &names);
        true
    }

    fn get<T: for<'b> Deserialize<'b>>(&self, name: &str) -> Option<T> {
        let (_, value) = self.0.iter().find(|(known, _)| known == name)?;
        serde_json::from_str(value.get()).ok()
    }
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut object = out.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            object.serialize_entry(name, &**value)?;
        }
        object.end()
    }
}

impl<'a> Deserialize<'a> for Document<'a> {
    fn deserialize<D: Deserializer<'a>>(input: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'a> Visitor<'a> for Members {
            type Value = Document<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'a>>(self, mut object: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = object.next_entry::<String, &RawValue>()? {
                    members.push((name.into(), Cow::Borrowed(value)));
                }
                Ok(Document(members))
            }
        }
        input.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(document: &Document<'_>) -> String {
        serde_json::to_string(document).unwrap()
    }

    #[test]
    fn members_keep_their_order_and_their_text() {
        let text = r#"{"b":1.0,"a":[1,2],"z":{"x":null}}"#;
        assert_eq!(written(&Document::parse(text).unwrap()), text);
    }

    #[test]
    fn a_member_is_set_behind_the_others() {
        let mut document = Document::parse(r#"{"a":1,"b":2}"#).unwrap();
        document.set("a", &[3]);
        assert_eq!(written(&document), r#"{"b":2,"a":[3]}"#);
    }

    #[test]
    fn the_longest_members_go_first_and_are_named() {
        let mut document = Document::parse(r#"{"a":"long","b":"longest","c":1}"#).unwrap();
        assert!(document.leave_out_the_longest() && document.leave_out_the_longest());
        assert_eq!(written(&document), r#"{"c":1,"left_out":["b","a"]}"#);
        assert!(document.leave_out_the_longest() && !document.leave_out_the_longest());
    }

    #[test]
    fn what_is_no_object_is_no_document() {
        for text in ["", "[]", "5", "{", "{} {}"] {
            assert!(Document::parse(text).is_none(), "{text}");
        }
    }
}
