//! A model from outside the repository: a folder somewhere else, or an ONNX file that nobody described.
//!
//! An ONNX file tells its own names and shapes; what it is for, whoever names it must say. Invariant: what is adopted has the
//! manifest that its folder would have needed, so the rest of the engine sees no difference.

use super::{
    backend::LoadError,
    manifest::{Batch, Dim, Manifest, ModelKind, SCHEMA, TensorSpec, Warmup},
    repository::{Model, hex},
    tensor::DType,
};
use rten::Dimension;
use sha2::{Digest as _, Sha256};
use std::{collections::BTreeMap, num::NonZeroUsize, path::Path};

/// What an undescribed graph is for.
#[derive(Clone, Copy, Debug)]
pub struct Purpose {
    /// The pipeline whose place it fills.
    pub slot: &'static str,
    /// The role of its one input.
    pub input: &'static str,
    /// The role of its one output.
    pub output: &'static str,
}

/// Items at once through a graph whose batch is free: as many as the built-in models take.
const FREE_BATCH: NonZeroUsize = NonZeroUsize::new(8).expect("eight is not zero");

impl Model {
    /// The model at `path`: a folder with a `model.toml`, or an ONNX file with one input and one output.
    ///
    /// # Errors
    /// If it is neither, or its graph has other inputs and outputs.
    pub fn adopt(path: &Path, purpose: Purpose) -> Result<Self, LoadError> {
        if path.is_dir() {
            return Self::from_folder(path);
        }
        let fix = "name a folder with a model.toml, or an .onnx file";
        let fault = |why: String| LoadError::new(format!("{}: {why}", path.display()), fix);
        let bytes = std::fs::read(path).map_err(|e| fault(e.to_string()))?;
        let graph = rten::Model::load(bytes.clone()).map_err(|e| fault(e.to_string()))?;
        let manifest = describe(path, &bytes, &graph, purpose).map_err(fault)?;
        Ok(Self::in_memory(manifest, bytes))
    }
}

fn describe(
    path: &Path,
    bytes: &[u8],
    graph: &rten::Model,
    purpose: Purpose,
) -> Result<Manifest, String> {
    let file_name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let (input, batch) = port(graph, graph.input_ids(), purpose.input)?;
    let (output, _) = port(graph, graph.output_ids(), purpose.output)?;
    Ok(Manifest {
        schema: SCHEMA,
        name: plain(&stem),
        title: format!("{stem} (a file without a card)"),
        slot: purpose.slot.to_owned(),
        kind: ModelKind::Trained,
        version: "unknown".to_owned(),
        file: plain(&file_name),
        sha256: hex(&Sha256::digest(bytes)),
        licence: "unknown".to_owned(),
        card: "none".to_owned(),
        batch: Batch {
            max: batch,
            gpu: None,
        },
        then: Vec::new(),
        prefers: None,
        kernels: None,
        axes: BTreeMap::new(),
        input: vec![input],
        output: vec![output],
        state: Vec::new(),
        warmup: Warmup {
            runs: 1,
            axes: BTreeMap::new(),
        },
    })
}

/// The only input or output, and how many items it takes at once.
fn port(
    graph: &rten::Model,
    ids: &[rten::NodeId],
    role: &str,
) -> Result<(TensorSpec, NonZeroUsize), String> {
    let [id] = ids else {
        return Err(format!(
            "it has {} tensors for `{role}` where one is wanted",
            ids.len()
        ));
    };
    let node = graph.node_info(*id);
    let name = node.as_ref().and_then(|node| node.name());
    let shape = node.as_ref().and_then(|node| node.shape());
    let (Some(name), Some(shape)) = (name, shape) else {
        return Err(format!("it tells no name or no shape for `{role}`"));
    };
    let batch = match shape.first() {
        Some(Dimension::Fixed(n)) => NonZeroUsize::new(*n).unwrap_or(NonZeroUsize::MIN),
        Some(Dimension::Symbolic(_)) | None => FREE_BATCH,
    };
    let dims = shape.iter().enumerate().map(|(at, extent)| match extent {
        _ if at == 0 => Ok(Dim::Named("batch".to_owned())),
        Dimension::Fixed(n) => Ok(Dim::Fixed(*n)),
        Dimension::Symbolic(axis) => Err(format!(
            "`{name}` has a free axis `{axis}`: export it with fixed rows and columns"
        )),
    });
    let spec = TensorSpec {
        role: role.to_owned(),
        name: name.to_owned(),
        dtype: DType::F32,
        layout: None,
        shape: dims.collect::<Result<_, _>>()?,
        range: None,
        channels: None,
        resident: false,
    };
    Ok((spec, batch))
}

/// A name that can be a folder's, a label's and an address's.
fn plain(name: &str) -> String {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let plain: String = name
        .chars()
        .map(|c| if allowed(c) { c } else { '_' })
        .collect();
    match plain.trim_start_matches('.') {
        "" => "model".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PURPOSE: Purpose = Purpose {
        slot: "pose",
        input: "images",
        output: "predictions",
    };

    /// A graph of one input and one output: `y = x`, 1×3×4×8, written by hand in ONNX's protobuf.
    fn identity() -> Vec<u8> {
        fn field(number: u8, content: &[u8]) -> Vec<u8> {
            [&[number << 3 | 2, content.len() as u8], content].concat()
        }
        fn value(name: &str) -> Vec<u8> {
            let dims = [1, 3, 4, 8].map(|n| field(1, &[1 << 3, n])).concat();
            let tensor = [vec![1 << 3, 1], field(2, &dims)].concat();
            [field(1, name.as_bytes()), field(2, &field(1, &tensor))].concat()
        }
        let node = [field(1, b"x"), field(2, b"y"), field(4, b"Identity")].concat();
        let graph = [
            field(1, &node),
            field(2, b"g"),
            field(11, &value("x")),
            field(12, &value("y")),
        ]
        .concat();
        [vec![1 << 3, 8], field(7, &graph), field(8, &[2 << 3, 17])].concat()
    }

    #[test]
    fn an_undescribed_file_gets_the_manifest_that_its_graph_tells() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("my pose.onnx");
        std::fs::write(&path, identity()).unwrap();
        let model = Model::adopt(&path, PURPOSE).unwrap();
        let manifest = &model.manifest;
        assert_eq!(
            (manifest.name.as_str(), manifest.slot.as_str()),
            ("my_pose", "pose")
        );
        let key = model.key(&[]).unwrap();
        assert_eq!(manifest.input[0].shape_at(&key), [1, 3, 4, 8]);
        assert_eq!(
            (
                manifest.input[0].role.as_str(),
                manifest.input[0].name.as_str()
            ),
            ("images", "x")
        );
        assert!(model.read().is_ok());
    }

    #[test]
    fn what_is_no_graph_is_refused_with_its_path() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("text.onnx");
        std::fs::write(&path, "no graph").unwrap();
        let refused = Model::adopt(&path, PURPOSE).unwrap_err();
        assert!(refused.why.contains("text.onnx"), "{refused}");
        let missing = Model::adopt(&dir.path().join("missing.onnx"), PURPOSE).unwrap_err();
        assert!(missing.fix.contains("model.toml"), "{missing}");
    }
}
