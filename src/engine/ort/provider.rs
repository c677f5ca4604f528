//! Which processor runs the graphs, and how ONNX Runtime is told so.

use ort::{
    ep::{CPU, CUDA, ExecutionProvider as _, TensorRT},
    session::builder::SessionBuilder,
};

/// A processor and the library's provider for it. GPUs are numbered as CUDA numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Provider {
    Cpu,
    Cuda(u32),
    /// TensorRT, and CUDA for what it does not take.
    TensorRt(u32),
}

impl Provider {
    /// The backend's name with this provider.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Cpu => "onnxruntime",
            Self::Cuda(_) => "onnxruntime-cuda",
            Self::TensorRt(_) => "onnxruntime-tensorrt",
        }
    }

    /// The processor, for people.
    pub(super) fn device(self) -> String {
        match self {
            Self::Cpu => "the CPU".into(),
            Self::Cuda(ordinal) => format!("GPU {ordinal} through CUDA"),
            Self::TensorRt(ordinal) => format!("GPU {ordinal} through TensorRT"),
        }
    }

    /// What a machine must have for it, as something to do.
    pub(super) fn needs(self) -> &'static str {
        match self {
            Self::Cpu => "install ONNX Runtime again",
            Self::Cuda(_) => {
                "install ONNX Runtime's build for GPUs (`pip install onnxruntime-gpu`), NVIDIA's driver, and the CUDA and \
                 cuDNN that its release notes name"
            }
            Self::TensorRt(_) => {
                "install ONNX Runtime's build for GPUs (`pip install onnxruntime-gpu`), NVIDIA's driver, and the CUDA, \
                 cuDNN and TensorRT that its release notes name"
            }
        }
    }

    /// Whether a run that failed may have left the processor unusable, as an error of CUDA does.
    pub(super) fn is_gpu(self) -> bool {
        !matches!(self, Self::Cpu)
    }

    /// Registers the providers, best first. One that cannot be had is an error, never a silent step down to the CPU.
    pub(super) fn register(self, session: &mut SessionBuilder) -> ort::Result<()> {
        match self {
            // Without its arena a world of 1280×1280 takes 1.6 times as long: blocks of that size go back to the kernel.
            Self::Cpu => CPU::default().with_arena_allocator(true).register(session),
            Self::Cuda(ordinal) => cuda(ordinal).register(session),
            Self::TensorRt(ordinal) => {
                let tensorrt = TensorRT::default().with_device_id(id(ordinal));
                tensorrt.register(session)?;
                cuda(ordinal).register(session)
            }
        }
    }
}

fn cuda(ordinal: u32) -> CUDA {
    CUDA::default().with_device_id(id(ordinal))
}

/// As the library takes it; a number that no machine has stays one.
fn id(ordinal: u32) -> i32 {
    i32::try_from(ordinal).unwrap_or(i32::MAX)
}
