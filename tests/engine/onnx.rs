//! Small ONNX files, written here: graphs that no exporter would give.
//!
//! Numbers of fields are those of `onnx.proto3`.

use frameloom::engine::{Manifest, Model, Repository};
use sha2::{Digest, Sha256};

/// Element types, by `TensorProto.DataType`.
pub const FLOAT: u64 = 1;
pub const UINT8: u64 = 2;
pub const INT32: u64 = 6;
pub const INT64: u64 = 7;
pub const BOOL: u64 = 9;
pub const FLOAT16: u64 = 10;
pub const DOUBLE: u64 = 11;

/// Elements of a row: all tensors here are `[batch, 4]`.
const ROW: u64 = 4;

/// A graph of one node from `x` to `y`.
pub struct Graph {
    /// The operator.
    pub operator: &'static str,
    /// What it takes; `x` once or twice.
    pub takes: &'static [&'static str],
    /// Elements of `x`.
    pub x: u64,
    /// Elements of `y`.
    pub y: u64,
    /// Whether `y` is a sequence of tensors.
    pub sequence: bool,
}

impl Graph {
    /// `y = Identity(x)`.
    pub fn identity(elements: u64) -> Self {
        Self {
            operator: "Identity",
            takes: &["x"],
            x: elements,
            y: elements,
            sequence: false,
        }
    }

    /// The same with another operator on floats.
    pub fn of(operator: &'static str, takes: &'static [&'static str]) -> Self {
        Self {
            operator,
            takes,
            ..Self::identity(FLOAT)
        }
    }

    /// The file.
    pub fn file(&self) -> Vec<u8> {
        let takes = self.takes.iter().map(|name| bytes(1, name.as_bytes()));
        let node = [
            takes.collect::<Vec<_>>().concat(),
            bytes(2, b"y"),
            bytes(4, self.operator.as_bytes()),
        ];
        let graph = [
            bytes(1, &node.concat()),
            bytes(2, b"graph"),
            bytes(11, &value("x", &tensor(self.x))),
            bytes(12, &value("y", &self.y())),
        ];
        let (ir_version, opset) = (8, 14);
        let opset = bytes(8, &number(2, opset));
        [number(1, ir_version), bytes(7, &graph.concat()), opset].concat()
    }

    fn y(&self) -> Vec<u8> {
        let tensor = tensor(self.y);
        if self.sequence {
            bytes(4, &bytes(1, &tensor))
        } else {
            tensor
        }
    }

    /// A model of it, whose manifest has these elements for both.
    pub fn model(&self, dtype: &str) -> Model {
        model(dtype, "model.onnx", &self.file())
    }
}

/// A model from `x` to `y` with this file.
pub fn model(dtype: &str, name: &str, file: &[u8]) -> Model {
    let hash = Sha256::digest(file);
    let sha256: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let port = |kind, name| {
        let shape = r#"shape = ["batch", 4]"#;
        format!("[[{kind}]]\nrole = \"{name}\"\nname = \"{name}\"\ndtype = \"{dtype}\"\n{shape}\n")
    };
    let text = format!(
        "schema = 1\nname = \"small\"\ntitle = \"Small\"\nslot = \"test\"\nkind = \"analytic\"\n\
         version = \"1\"\nfile = \"{name}\"\nsha256 = \"{sha256}\"\nlicence = \"Apache-2.0\"\n\
         card = \"card.md\"\n[batch]\nmax = 2\n{}{}[warmup]\nruns = 1\n",
        port("input", "x"),
        port("output", "y")
    );
    let mut repository = Repository::default();
    repository.insert(Manifest::parse(&text).unwrap(), file.to_vec());
    repository.get("small").unwrap().clone()
}

fn value(name: &str, of_type: &[u8]) -> Vec<u8> {
    [bytes(1, name.as_bytes()), bytes(2, of_type)].concat()
}

fn tensor(elements: u64) -> Vec<u8> {
    let batch = bytes(1, &bytes(2, b"batch"));
    let row = bytes(1, &number(1, ROW));
    let shape = bytes(2, &[batch, row].concat());
    bytes(1, &[number(1, elements), shape].concat())
}

fn number(field: u8, value: u64) -> Vec<u8> {
    [vec![field << 3], varint(value)].concat()
}

fn bytes(field: u8, value: &[u8]) -> Vec<u8> {
    let head = [vec![field << 3 | 2], varint(value.len() as u64)].concat();
    [&head, value].concat()
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut written = Vec::new();
    while value >= 0x80 {
        written.push(value as u8 | 0x80);
        value >>= 7;
    }
    written.push(value as u8);
    written
}
