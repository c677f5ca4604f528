//! What runs a model on a GPU, where several things could: one order for whoever places models, and for whoever tells of it.
//! Pure. Not responsible for whether each can: that is asked, in this order, until one does.

/// The first that runs the model, from the fastest: this server's own kernels, a TensorRT plan that fits, ONNX Runtime's
/// provider for CUDA. `None`: no GPU runs it, and the CPU does.
pub fn fastest<T>(
    kernels: impl FnOnce() -> Option<T>,
    plan: impl FnOnce() -> Option<T>,
    onnxruntime: impl FnOnce() -> Option<T>,
) -> Option<T> {
    kernels().or_else(plan).or_else(onnxruntime)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fastest_that_can_is_taken_and_what_is_slower_is_not_asked() {
        let never = || -> Option<u8> { panic!("it is slower than what can") };
        assert_eq!(fastest(|| Some(1), never, never), Some(1));
        assert_eq!(fastest(|| None, || Some(2), never), Some(2));
        assert_eq!(fastest(|| None, || None, || Some(3)), Some(3));
        assert_eq!(fastest::<u8>(|| None, || None, || None), None);
    }
}
