//! What the driver's functions answer with: the codes of `CUresult` that this double can give, their names and texts.
//!
//! Not responsible for when which is given. Invariant: numbers and names are those of the driver's manual; the texts say what its do.

use std::ffi::CStr;

/// An answer that is not success: a value of `CUresult`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("CUDA error {0}")]
pub struct Code(
    /// The number.
    pub i32,
);

macro_rules! codes {
    ($($name:ident = $number:literal, $text:literal;)*) => {
        impl Code {
            $(
                #[doc = concat!("`CUDA_ERROR_", stringify!($name), "`: ", $text, ".")]
                pub const $name: Self = Self($number);
            )*
        }

        /// Number, name and text of each, as C strings.
        const KNOWN: &[(i32, &str, &str)] = &[
            (0, "CUDA_SUCCESS\0", "no error\0"),
            $(($number, concat!("CUDA_ERROR_", stringify!($name), "\0"), concat!($text, "\0")),)*
        ];
    };
}

codes! {
    INVALID_VALUE = 1, "invalid argument";
    OUT_OF_MEMORY = 2, "out of memory";
    NOT_INITIALIZED = 3, "initialization error";
    NO_DEVICE = 100, "no CUDA-capable device is detected";
    INVALID_DEVICE = 101, "invalid device ordinal";
    INVALID_CONTEXT = 201, "invalid device context";
    NO_BINARY_FOR_GPU = 209, "no kernel image is available for execution on the device";
    INVALID_PTX = 218, "a PTX JIT compilation failed";
    INVALID_HANDLE = 400, "invalid resource handle";
    ILLEGAL_STATE = 401, "the operation cannot be performed in the present state";
    NOT_FOUND = 500, "named symbol not found";
    NOT_READY = 600, "device not ready";
    ILLEGAL_ADDRESS = 700, "an illegal memory access was encountered";
    LAUNCH_TIMEOUT = 702, "the launch timed out and was terminated";
    CONTEXT_IS_DESTROYED = 709, "context is destroyed";
    ALREADY_REGISTERED = 712, "part or all of the requested memory range is already mapped";
    NOT_REGISTERED = 713, "pointer does not correspond to a registered memory region";
    MISALIGNED_ADDRESS = 716, "misaligned address";
    LAUNCH_FAILED = 719, "unspecified launch failure";
    NOT_SUPPORTED = 801, "operation not supported";
    STREAM_CAPTURE_UNSUPPORTED = 900, "operation not permitted when stream is capturing";
    STREAM_CAPTURE_INVALIDATED = 901, "operation failed due to a previous error during capture";
    STREAM_CAPTURE_MERGE = 902, "operation would result in a merge of separate capture sequences";
    STREAM_CAPTURE_UNMATCHED = 903, "capture was not ended in the same stream as it began";
    STREAM_CAPTURE_UNJOINED = 904, "capturing stream has unjoined work";
    STREAM_CAPTURE_ISOLATION = 905, "dependency created on uncaptured work in another stream";
    STREAM_CAPTURE_IMPLICIT = 906, "operation would make the legacy stream depend on a capturing blocking stream";
    CAPTURED_EVENT = 907, "operation not permitted on an event last recorded in a capturing stream";
    STREAM_CAPTURE_WRONG_THREAD = 908, "attempt to terminate a thread-local capture sequence from another thread";
    UNKNOWN = 999, "unknown error";
}

fn known(code: i32) -> Option<&'static (i32, &'static str, &'static str)> {
    KNOWN.iter().find(|(number, ..)| *number == code)
}

fn c_string(text: &'static str) -> &'static CStr {
    CStr::from_bytes_with_nul(text.as_bytes()).expect("the table ends each with one zero")
}

/// The name of a `CUresult`; nothing for a number that this double never gives.
#[must_use]
pub fn name(code: i32) -> Option<&'static CStr> {
    known(code).map(|(_, name, _)| c_string(name))
}

/// The text of a `CUresult`; nothing for a number that this double never gives.
#[must_use]
pub fn text(code: i32) -> Option<&'static CStr> {
    known(code).map(|(.., text)| c_string(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_the_drivers_name_and_text() {
        assert_eq!(name(700), Some(c"CUDA_ERROR_ILLEGAL_ADDRESS"));
        assert_eq!(text(0), Some(c"no error"));
    }

    #[test]
    fn a_number_that_is_no_code_has_no_name() {
        assert_eq!(name(12_345), None);
    }
}
